// What the worker may ask of the Rust core. The core is a state machine without IO:
// calls that change something return the rows to write, and nothing counts until they are written.

import type { CoreRow } from '../storage/store';
import type { ToVerify } from './signature';

export interface CoreWrite {
  store: string;
  key: string;
  value: string | Uint8Array | null;
}

export interface Changed {
  result: string;
  writes: CoreWrite[];
}

/** JSON is text at this border: the core makes and parses the bytes, nobody else. */
export interface Phone {
  status(): string;
  today(now: string, from: string | undefined): string;
  buildings(grid: string, now: string): string;
  door(dwelling: string, now: string): string;
  records(limit: number): string;
  enrol(json: string): CoreWrite[];
  /** the phone's clock against one that nobody sets; the rows go with those of what follows */
  notice_clock(now: string, monotonicMs: number): CoreWrite[];
  check(kind: string, bodyJson: string, now: string): string;
  record(json: string, now: string, random: Uint8Array): Changed;
  edit(json: string, now: string, random: Uint8Array): Changed;
  /** `TypedIdNumber` as JSON */
  typed_id_number(text: string, now: string): string;
  correct(entry: string, bodyJson: string, now: string, random: Uint8Array): Changed;
  retract(entry: string, now: string, random: Uint8Array): Changed;
  use_snapshots(useThem: boolean): void;
  /** JSON: parts to fetch whole before the next sync, none for all; undefined: nothing to fetch */
  snapshots_wanted(): string | undefined;
  /** bytes of the snapshot that the body begins with; undefined until its header is there */
  snapshot_length(body: Uint8Array): number | undefined;
  /** result: `{used, received}` of the snapshot that the body begins with */
  take_snapshot(body: Uint8Array): Changed;
  /**
   * result: `{count, last, key}`; undefined where there is nothing to bring, or no key to seal to. `keptAfter`: it is
   * for this phone's own keeping, of what comes after that entry
   */
  begin_packet(now: string, keptAfter?: number): (Changed & { to_sign: Uint8Array[] }) | undefined;
  packet(signatures: Uint8Array[]): Uint8Array;
  begin_sync(now: string): { to_sign: Uint8Array[]; writes: CoreWrite[] };
  request(signatures: Uint8Array[]): Uint8Array;
  /** how many of its bytes the request is signed over */
  request_header_length(): number;
  /** what to verify before the answer is taken up; undefined if nothing */
  to_verify(body: Uint8Array): ToVerify | undefined;
  /**
   * `verified`: what was to be verified, if the signature fits; it is the core's again. Result:
   * `{more, sent, received, successor}`; `successor`: become another device, then ask again
   */
  receive(body: Uint8Array, verified: ToVerify | undefined): Changed;
  /** what documents show, where it is not stored yet: for when there is time */
  keep_shown(): CoreWrite[];
  /** is this device from now on */
  succeed(deviceJson: string): CoreWrite[];
  refused(errorJson: string, now: string): CoreWrite[];
  free(): void;
}

export interface PhoneModule {
  open(rows: CoreRow[]): Phone;
  kinds(): string;
}
