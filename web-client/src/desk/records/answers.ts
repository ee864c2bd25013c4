// The shapes of /api/v1/desk/records (server/src/routes/desk/records.rs, filters.rs).

import type { Content, Device, Label, Named, Place, Rung, Verdict } from '../server/answers';

/** One entry at its last verdict. What could not be read is null. */
export interface RecordRow {
  lsn: number;
  entry: string | null;
  kind: string | null;
  kind_labels: Label | null;
  grid: Named | null;
  worker: Named | null;
  device: Device;
  seq: number;
  made_at: string | null;
  /** made-time: the phone's clock corrected, at the community's offset */
  made: string;
  made_ms: number;
  received: string;
  offset_ms: number;
  verdict: Verdict;
  reason: string | null;
  reason_text: Label | null;
  rung: Rung;
  address: Place | null;
  summary: Label;
  body: Content[];
  /** who took it back, by saying something else instead if `corrected`; it does not count */
  /** the record that it says anew: what it was */
  corrects: { entry: string; worker: Named; made_at: string; summary: Label } | null;
  /** it came after its day, or the quarter of its day, was closed */
  late: boolean;
  taken_back: { by: Named; corrected: boolean } | null;
}

export interface RecordsAnswer {
  records: RecordRow[];
  /** `before` of the next page; null: there is none */
  next: number | null;
}

export interface Filters {
  grids: (Named & { count: number })[];
  kinds: { kind: string; labels: Label; count: number }[];
  workers: (Named & { count: number })[];
  days: { day: string; count: number }[];
  verdicts: { verdict: Verdict; count: number }[];
}
