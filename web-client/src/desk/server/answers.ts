// What several answers of /api/v1/desk/ (server/src/routes/desk/) are made of; the others lie beside their pages. Same
// words as there. Instants are RFC 3339 texts at the community's offset; `made_at` is the phone's clock as it wrote it.

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
