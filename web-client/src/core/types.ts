// The shapes that cross from the Rust core to the screens (JSON from sync-core/src/phone/).
// Same words as SQL, Rust and docs/glossary.md. Nothing here decides anything.

/** How far an entry has come. The word "synced" does not exist. */
export type Rung = 'on_phone' | 'on_server' | 'merged' | 'held' | 'waiting' | 'released' | 'set_aside';

export interface Label {
  zh: string;
  en: string;
}

/** What a door shows. `mark` is the outcome's mark from the kind file; null: nobody has checked it. */
export interface DoorState {
  mark: string | null;
  label: Label | null;
  /** closes the door for coverage; shown apart from the mark */
  closed: boolean;
  /** made-time (confirmed) or the phone's clock (still on this phone), RFC 3339 */
  at: string | null;
  worker_name: string | null;
  rung: Rung | null;
}

export interface DoorRow {
  dwelling: string;
  unit: string;
  floor: number | null;
  room: string;
  residents: { id: string; name: string }[];
  /** someone here has a care plan */
  on_care_plan: boolean;
  conflict: boolean;
  state: DoorState;
}

export interface Building extends BuildingCount {
  units: { unit: string; doors: DoorRow[] }[];
}

export interface FieldValue {
  value: string | number | boolean | null;
  /** choice label where the field has one */
  label: Label | null;
  worker_name: string | null;
  device: string;
  /** author's clock, whole seconds, RFC 3339 UTC */
  at: string;
  /** automerge's winner; shown first, nothing is chosen for the reviewer */
  shown: boolean;
  rung: Rung;
}

export interface Field {
  type: string;
  entity: string;
  field: string;
  labels: Label;
  /** first: the one shown. More than one distinct value: a conflict */
  values: FieldValue[];
  conflict: boolean;
}

export interface PersonCard {
  id: string;
  name: string;
  /** every known field of the person this phone may see, in kind-file order */
  fields: Field[];
  age: number | null;
  /** care categories and plan in words, where this phone may see them */
  care_categories: Label[];
  /** what to mind: 听力弱，电话可能听不清 */
  warnings: Label[];
  care_plan: CarePlan | null;
}

export interface CarePlan {
  id: string;
  level: Label | null;
  interval_days: number | null;
  in_person_every_days: number | null;
  /** first day on which something is wanted; null while the plan lacks what its clocks need */
  due_on: string | null;
  /** 0: not late */
  days_overdue: number;
  /** only a contact in person helps today */
  wants_in_person: boolean;
}

/** Something found that no step has ended. */
export interface Matter {
  entry: string;
  kind_labels: Label;
  place: string;
  summary: Label;
  severity: Label | null;
  stage: Label | null;
  due_on: string | null;
  at: string;
  worker_name: string | null;
  rung: Rung;
}

export interface VisitLine {
  entry: string;
  at: string;
  summary: Label;
  worker_name: string | null;
  rung: Rung;
}

/** Somebody whose care clock has run out, or runs out today. */
export interface DueVisit {
  subject: string;
  name: string;
  /** the plan is of the household as a whole; `name` is its first person */
  household: boolean;
  age: number | null;
  care_categories: Label[];
  warnings: Label[];
  phones: string[];
  grid: string;
  dwelling: string;
  room: string;
  address: string;
  plan: CarePlan;
  last_contact: VisitLine | null;
  /** today's last visit: it was made and did not settle it */
  tried: VisitLine | null;
  /** this worker's to go, or nobody's by name */
  mine: boolean;
  responsible: string[];
}

/** The list that the home wrote for today, of this phone's grids together. */
export interface Night {
  at: string;
  due: number;
  overdue: number;
  /** of those listed: contacted, as this phone knows and the home did not yet */
  contacted: number;
}

export interface BuildingCount {
  id: string;
  name: string;
  compound: string | null;
  grid: string;
  doors: number;
  closed: number;
}

/** Doors to be closed: of a campaign, or without one of everything here. */
export interface Sweep {
  campaign: string | null;
  name: string | null;
  until: string | null;
  doors: number;
  closed: number;
  next: { building: string; name: string; unit: string; grid: string; open: number; doors: DoorRow[] } | null;
  buildings: BuildingCount[];
}

export interface Today {
  night: Night | null;
  overdue: DueVisit[];
  due: DueVisit[];
  sweeps: Sweep[];
  /** what this phone recorded today, newest first */
  done: RecordRow[];
  /** the server had more when this was answered: figures are of a part only */
  incomplete: boolean;
}

export interface RecordRow {
  entry: string;
  kind: string;
  kind_labels: Label;
  /** the phone's clock, as it was */
  made_at: string;
  /** what the server's clock showed then, where the phone's was clearly off */
  home_at: string | null;
  worker_name: string | null;
  own: boolean;
  rung: Rung;
  /** code and sentence, where held or waiting */
  reason: string | null;
  reason_text: Label | null;
  /** the plate this row names, e.g. 302, and the rest of the address */
  room: string | null;
  address: string | null;
  dwelling: string | null;
  /** the labelled outcome or the fields changed, in words */
  summary: Label;
  /** its author or the office took it back */
  withdrawn: boolean;
  /** by saying it anew */
  corrected: boolean;
  /** what it says anew, as far as this phone knows it */
  corrects: { made_at: string; worker_name: string | null; summary: Label } | null;
  /** an own one that came after its day or quarter was closed */
  late: boolean;
  body: Record<string, unknown>;
}

export interface DoorCard {
  dwelling: string;
  grid: string;
  room: string;
  building: string;
  compound: string | null;
  unit: string;
  building_id: string | null;
  household: string | null;
  /** the plan by which the household as a whole is visited */
  household_plan: CarePlan | null;
  state: DoorState;
  fields: Field[];
  persons: PersonCard[];
  /** found here or in the building and not settled, the oldest first */
  matters: Matter[];
  records: RecordRow[];
  /** the day from which on `records` are all that have come; null: nothing earlier is left out */
  records_since: string | null;
}

export interface PhoneStatus {
  signed_in: boolean;
  worker: { id: string; name: string } | null;
  community: { code: string; name: string } | null;
  device: string | null;
  /** entries that only this phone has */
  only_here: number;
  /** of these, in a packet for a courier */
  handed: number;
  on_server: number;
  merged: number;
  held: number;
  grids: { id: string; name: string; doors: number }[];
  /** the server's clock at its last answer */
  last_answer: string | null;
  /** server minus phone, milliseconds; null before the first answer */
  offset_ms: number | null;
  /** the server asked for a new device id, or refused a slice: shown, never hidden */
  refused: { code: string; message: string; next: string } | null;
}

/** A kind file, as in schemas/kinds/<kind>.json: forms are drawn from it. */
export interface Kind {
  kind: string;
  family: 'record' | 'registry' | 'office' | 'edit';
  schema: number;
  labels: Label;
  fields: KindField[];
  [more: string]: unknown;
}

export interface KindField {
  name: string;
  type: string;
  labels: Label;
  required?: boolean;
  class?: string;
  choices?: { value: string | number; labels: Label; mark?: string; closes?: boolean }[];
  [more: string]: unknown;
}

/** One problem of a draft, from the checker; `path` is the field, `sentence` what to do. */
export interface Problem {
  path: string;
  code: string;
  sentence: Label;
}

/** An id number as it was typed: what is wrong with it, or what it says, and what it is to be sealed to. */
export interface TypedIdNumber {
  error: 'length' | 'fifteen_digits' | 'characters' | 'birth_date' | 'in_future' | 'check_character' | null;
  birth_date: string | null;
  sex: string | null;
  /** null: the server has not told its key yet */
  key: string | null;
}

export type SaveResult = { ok: true; entry: string; seq: number } | { ok: false; problems: Problem[] };

export interface SyncResult {
  /** `stranger`: somebody answered, and it was not our server */
  outcome: 'answered' | 'no_network' | 'stranger' | 'not_signed_in' | 'server_error';
  /** entries sent in this contact, records and edits received */
  sent: number;
  received: number;
  error: { code: string; message: string; next: string } | null;
}
