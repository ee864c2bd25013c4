// The shapes of /api/v1/desk/ (server/src/routes/desk/). Same words as there. Instants are
// RFC 3339 texts at the community's offset; `made_at` is the phone's clock as it wrote it.

import type { Action } from '../session/may';

export interface Label {
  zh: string;
  en: string;
}

export interface Named {
  id: string;
  name: string;
}

export interface SignedIn {
  account: string;
  worker: Named;
  community: { code: string; name: string };
  may: Action[];
  /** by their roles they have to have one: until then they may nothing */
  second_factor_missing: boolean;
  expires_at: string;
}

/** How somebody signs in, as they see it themselves. */
export interface MySignIn {
  passkeys: { id: string; name: string; host: string; since: string; last_used: string | null }[];
  /** since when there is an authenticator app */
  one_time_code: string | null;
  recovery_codes: number;
  demanded: boolean;
  /** the address is one that passkeys can be bound to */
  passkeys_here: boolean;
  fresh: boolean;
}

/** New recovery codes are shown once; null: those there were serve on. */
export interface AddedFactor {
  recovery_codes: string[] | null;
}

export type Verdict = 'merged' | 'held' | 'waiting' | 'released' | 'set_aside';
/** How far an entry has come, as far as a server can know. */
export type Rung = 'on_server' | 'merged' | 'held' | 'released' | 'set_aside';

export interface Place {
  compound: string | null;
  building: string | null;
  unit: string | null;
  room: string | null;
}

export interface Content {
  label: Label;
  /** the value in words */
  text: Label;
}

/** `office`: one of the server's own, so its clock is no phone's. */
export interface Device extends Named {
  office: boolean;
}

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

export interface Overview {
  clock: string;
  today: string;
  lsn: number;
  records_today: number;
  held: number;
  waiting: number;
  conflicts: number;
  /** pairs that may be one and the same */
  duplicates: number;
  devices: { id: string; name: string; worker: Named | null; last_contact: string | null }[];
}

export type Scalar = string | number | boolean | null;

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

/** How many doors stand where. closed + visited_open + not_visited + not_heard_from = doors. */
export interface Counts {
  doors: number;
  closed: number;
  /** of the closed: nobody lives there */
  empty: number;
  visited_open: number;
  /** of those visited and open */
  refused: number;
  not_visited: number;
  not_heard_from: number;
}

export type Standing = 'closed' | 'visited_open' | 'not_visited' | 'not_heard_from';

/** A phone of which not everything is here. */
export interface SilentPhone {
  worker: Named;
  device: Device;
  /** null: it was never heard from */
  last_contact: string | null;
  /** it was in contact, but what it said it had did not all arrive */
  incomplete: boolean;
  /** entries of its log that exist and did not arrive */
  missing: { first: number; last: number; since: string }[];
}

export interface Campaign {
  id: string;
  name: string;
  starts_on: string;
  ends_on: string;
  running: boolean;
  /** today is its day so and so, of so many */
  day: number;
  days: number;
}

export interface BuildingCoverage extends Counts {
  id: string | null;
  name: string;
  compound: string | null;
}

export interface GridCoverage extends Counts {
  id: string | null;
  name: string;
  workers: Named[];
  /** phones that could have recorded something there */
  phones: number;
  silent: SilentPhone[];
  buildings: BuildingCoverage[];
}

export interface Coverage {
  today: string;
  heard_since: string;
  campaign: Campaign | null;
  campaigns: Campaign[];
  total: Counts;
  grids: GridCoverage[];
}

export type CellState = 'checked' | 'empty' | 'absent' | 'refused' | 'due' | 'unknown';

export interface WallDoor {
  id: string;
  unit: string;
  floor: number | null;
  room: string;
  state: CellState;
}

export interface WallBuilding {
  id: string | null;
  grid: string | null;
  doors: WallDoor[];
}

export interface Wall {
  buildings: WallBuilding[];
}

export interface DoorRow {
  id: string;
  grid: Named | null;
  address: Place;
  standing: Standing;
  residents: string[];
  last: { entry: string; at: string; worker: Named | null; outcome: Label; attempts: number } | null;
}

export interface DoorsAnswer {
  doors: DoorRow[];
  total: number;
  /** whose phones are silent, by grid, where a door is not yet heard from */
  silent: Record<string, SilentPhone[]>;
}

export interface Visit {
  plan: string;
  subject: string;
  name: string | null;
  grid: Named | null;
  address: Place;
  level: Label;
  clock: 'any' | 'in_person';
  due_on: string;
  days_overdue: number;
  last: { day: string; in_person: boolean } | null;
  responsible: Named[];
  silent: SilentPhone[];
}

export interface VisitsAnswer {
  today: string;
  plans: number;
  visited_today: number;
  overdue: Visit[];
  /** late as far as we know, but a responsible worker's phone is silent: not known to be */
  not_heard_from: Visit[];
  due: Visit[];
}

/** Somebody who can be erased. */
export interface Erasable {
  id: string;
  type: string;
  label: Label;
  name: string;
  grid: Named | null;
  address: Place | null;
  /** what it belongs to and could be erased with as a whole */
  whole: { id: string; type: string; label: Label } | null;
}

/** Somebody with the id numbers that were recorded, the newest first. */
export interface NumberOf {
  id: string;
  name: string;
  grid: Named | null;
  address: Place | null;
  /** `masked`: 1101**********002X; null: the key it was sealed with is gone */
  numbers: { masked: string | null; worker: Named; made: string }[];
}

export interface HeldRole {
  record: string;
  role: string;
  label: Label;
  grid: Named | null;
  /** what below the grid it is for */
  address: Place | null;
  from: string;
  until: string | null;
  current: boolean;
}

/** Who works here, in which roles, with which phones. */
export interface StaffAnswer {
  people: (Named & {
    /** what they type to sign in; nobody without one has a phone */
    account: string | null;
    roles: HeldRole[];
    /** `told`: since it was stopped it was in contact, and answered */
    phones: (Named & { last_contact: string | null; stopped: string | null; lost: boolean; told: boolean })[];
    /** the one who asks */
    own: boolean;
  })[];
  /** what can be given */
  roles: { role: string; label: Label; in_grid: boolean; answers_for: string[] }[];
  grids: (Named & { places: (Named & { type: string })[] })[];
}

/** The communities of a street that whoever asks may see: levels 1, 2 and 3. */
export interface StreetAnswer {
  code: string;
  name: string;
  communities: {
    code: string;
    name: string;
    unit: 'community' | 'village' | 'like_community' | null;
    campaign: string | null;
    total: Counts;
    silent: number;
    grids: (Named & Counts & { grid_code: string })[];
  }[];
}

/** One level of the responsibility chain, and for how many of the doors somebody answers there. */
export interface ChainLevel {
  level: 'street' | 'community' | 'grid' | 'building' | 'household';
  label: Label;
  named: number;
  doors: number;
}

/** Who answers for doors, and where nobody does; `rungs` are as many as the levels. */
export interface ChainAnswer {
  levels: ChainLevel[];
  gaps: { level: ChainLevel['level']; grid: Named | null; building: Named | null; doors: number }[];
  door: { id: string; grid: Named | null; address: Place; rungs: (Named & { role: Label; address: Place | null })[][] } | null;
}

export interface InvitationsAnswer {
  invitations: {
    id: string;
    worker: Named;
    by: Named;
    expires: string;
    /** `begun`: a phone has its code and has not shown its key yet; `shown`: compare; `over`: nobody came in time */
    state: 'open' | 'begun' | 'shown' | 'confirmed' | 'refused' | 'over';
    phone: { name: string; comparison: string } | null;
  }[];
}

/** Where an account is signed in. */
export interface OwnSession {
  id: string;
  since: string;
  last_used: string;
  /** the one that asks */
  current: boolean;
}

/** What the server showed or did for somebody. */
export interface AuditLine {
  number: number;
  at: string;
  worker: Named;
  action:
    | 'invite'
    | 'end_invitation'
    | 'enrol'
    | 'see_visits'
    | 'see_records'
    | 'review'
    | 'export'
    | 'export_registry'
    | 'erase'
    | 'see_audit'
    | 'see_id_numbers'
    | 'reveal_id_number'
    | 'add_passkey'
    | 'remove_passkey'
    | 'set_up_code'
    | 'remove_code'
    | 'new_recovery_codes'
    | 'use_recovery_code'
    | 'open_account'
    | 'new_password'
    | 'reset_second_factor';
  /** a part, a list, or whom it concerns of those who work here */
  place: string | null;
  /** how many people it was about */
  subjects: number;
}

export interface AuditAnswer {
  lines: AuditLine[];
  people: {
    id: string;
    name: string;
    address: Place | null;
    lines: AuditLine[];
    /** whose phones may have what is written about them now */
    phones: Named[];
  }[];
}

/** What an erasure came to. */
export interface Erased {
  subjects: number;
  entries: number;
}

/** A grid with what stands in it and who works there. */
export interface GridWithBuildings {
  id: string;
  name: string;
  code: string;
  workers: (Named & { role: Label })[];
  buildings: { id: string; name: string; doors: number; people: number }[];
  /** what is in no building that the register knows */
  elsewhere: { doors: number; people: number };
}

export interface GridsAnswer {
  grids: GridWithBuildings[];
}

/** What a move came to. */
export interface MovedAnswer {
  grid: string;
  doors: number;
  people: number;
  /** how many records the new grid was told of */
  told: number;
  /** how many roles ended */
  ended: number;
}
