// The shapes of /api/v1/desk/held (server/src/routes/desk/held/).

import type { ConflictInput } from '../conflicts/answers';
import type { Device, Label, Named, Place, Scalar, Verdict } from '../server/answers';

export interface SetItem {
  type: string;
  id: string;
  field: string;
  value: Scalar;
}

export interface HeldField {
  name: string;
  /** the object that it is a piece of */
  within: string | null;
  /** the member of the set `name` that it asks for */
  member: string | null;
  labels: Label;
  required: boolean;
  value: unknown;
  text: Label | null;
  /** what the registry shows now, in an edit */
  now: Label | null;
  /** null: it is kept as it was */
  input: ConflictInput | null;
}

export type HeldForm =
  | { type: 'record'; body: Record<string, unknown>; fields: HeldField[] }
  | { type: 'edit'; set: SetItem[]; fields: HeldField[] };

/** An entry that does not count. */
export interface HeldEntry {
  lsn: number;
  device: Device;
  seq: number;
  entry: string | null;
  kind: string | null;
  kind_labels: Label | null;
  grid: Named | null;
  worker: Named | null;
  /** whom it names, where that is somebody else than the phone's worker */
  says_worker: Named | null;
  made_at: string | null;
  made: string;
  received: string;
  offset_ms: number;
  verdict: 'held' | 'waiting' | 'set_aside';
  reason: string | null;
  reason_text: Label | null;
  needs: string | null;
  needed_by: number;
  /** entries of its phone that have not arrived: the first and the last */
  missing: [number, number] | null;
  address: Place | null;
  summary: Label;
  body: { label: Label; text: Label }[];
  not_releasable: Label | null;
  amend: HeldForm | null;
  seen: string[];
}

export interface HeldAnswer {
  held: number;
  waiting: number;
  set_aside: number;
  entries: HeldEntry[];
}

export interface HeldRuled {
  verdict: Verdict;
  freed: number;
}
