// The shapes of /api/v1/desk/duplicates (server/src/routes/desk/duplicates/).

import type { Device, Label, Named, Place } from '../server/answers';

/** One of two that may be the same. */
export interface Twin {
  id: string;
  name: string | null;
  address: Place | null;
  grid: Named | null;
  fields: { labels: Label; text: Label }[];
  /** who made it, on what, when by both clocks */
  worker: Named | null;
  device: Device | null;
  made_at: string | null;
  received: string | null;
  /** how many records name it */
  records: number;
}

export interface DuplicatePair {
  type: string;
  labels: Label;
  /** in what they agree */
  same: Label[];
  one: Twin;
  other: Twin;
}

export interface MergedPair {
  labels: Label;
  alias: Twin;
  into: Twin;
  by: Device | null;
  worker: Named | null;
  at: string | null;
}

export interface DistinguishedPair {
  labels: Label;
  entry: string;
  one: Twin;
  other: Twin;
}

export interface DuplicatesAnswer {
  pairs: DuplicatePair[];
  merged: MergedPair[];
  distinguished: DistinguishedPair[];
}
