// The shapes of /api/v1/desk/conflicts (server/src/routes/desk/conflicts/).

import type { Device, Label, Named, Place, Scalar, Verdict } from '../server/answers';

export interface ConflictValue {
  value: Scalar;
  /** the value in words */
  text: Label;
  worker: Named | null;
  device: Device | null;
  made_at: string;
  offset_ms: number | null;
  received: string | null;
  source: Label | null;
  note: string | null;
  /** every screen shows this one first for now */
  shown: boolean;
}

export interface Conflict {
  type: string;
  entity: string;
  entity_name: string | null;
  address: Place | null;
  grid: Named | null;
  field: string;
  labels: Label;
  values: ConflictValue[];
  /** what all of the authors had seen, where that is known */
  before: { value: Scalar; text: Label; made_at: string; worker: Named | null; source: Label | null } | null;
  /** heads of the document; a decision made from this page states them */
  seen: string[];
  /** how another value is written; null where only one of these can be chosen */
  input: ConflictInput | null;
}

export type ConflictInput =
  | { type: 'text'; max_length: number; lines: boolean }
  | { type: 'integer'; min: number; max: number; unit: Label | null }
  | { type: 'bool' }
  | { type: 'choice'; choices: { value: string; labels: Label }[] }
  | { type: 'date' };

/** What became of a decision; more than one value: somebody wrote another one meanwhile. */
export interface Decided {
  verdict: Verdict;
  values: number;
}

export interface ConflictsAnswer {
  conflicts: Conflict[];
  /** decisions that can still be taken back, the newest first */
  decided: DecidedField[];
}

export interface DecidedField {
  /** the decision */
  entry: string;
  entity: string;
  entity_name: string | null;
  address: Place | null;
  field: string;
  labels: Label;
  text: Label;
  made_at: string;
  worker: Named;
  note: string | null;
}

/** What became of taking a decision back: so many values stand beside each other again. */
export interface Undone {
  values: number;
}
