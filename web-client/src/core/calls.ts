// What the page and its worker say to each other: one request, one answer, in order, plus events.
// Failures that can happen to anyone are values here; an exception means a bug.

import type {
  Building,
  DoorCard,
  Kind,
  PhoneStatus,
  Problem,
  RecordRow,
  SaveResult,
  SyncResult,
  Today,
  TypedIdNumber,
} from './types';
import type { Content } from '../courier/seal';
import type { NotEnrolled } from './enrolment';
import type { StorageCode } from '../storage/failure';
import type { Packet, TakeResult } from './packets';

export interface Draft {
  key: string;
  kind: string;
  grid: string;
  dwelling: string;
  /** the plate and the name, so that an unfinished form can be listed without asking the core */
  room: string;
  name: string;
  body: Record<string, unknown>;
  /** which question was open */
  step: number;
  saved_at: string;
}

export interface RecordRequest {
  kind: string;
  grid: string;
  body: Record<string, unknown>;
  /** the draft this record was written from; it goes in the same transaction */
  draft: string | null;
}

export interface EditRequest {
  grid: string;
  set: { type: string; id: string; field: string; value: string | number | boolean | null }[];
  source?: string;
  note?: string;
}

export type EnrolResult =
  | { outcome: 'enrolled' }
  /** somebody at the office is to find these digits the same */
  | { outcome: 'compare'; worker: string; digits: string }
  | NotEnrolled;

/** `other_lease`: the server's is not the one that it was shut with; only enrolling again helps */
export type PinResult =
  | { outcome: 'opened' }
  | { outcome: 'wrong' | 'wait' | 'gone' | 'other_lease'; tries_left: number }
  | { outcome: 'weak'; why: 'digits' | 'repeats' | 'runs' };

export type SignOutResult = { outcome: 'signed_out' } | { outcome: 'unsent'; count: number };

export interface Calls {
  kinds(): Kind[];
  buildings(grid: string): Building[];
  door(dwelling: string): DoorCard;
  /** `from`: the building last opened, from which the next doors are looked for */
  today(from: string | null): Today;
  records(limit: number): RecordRow[];
  check(kind: string, body: Record<string, unknown>): Problem[];
  record(request: RecordRequest): SaveResult;
  /** says one of this phone's own records anew */
  correct(entry: string, body: Record<string, unknown>, draft: string): SaveResult;
  edit(request: EditRequest): SaveResult;
  /** says what is wrong with a number; nothing of it is kept */
  typedIdNumber(text: string): TypedIdNumber;
  /** a sealed number and what everybody may see of it, in one transaction */
  recordSealed(record: Omit<RecordRequest, 'draft'>, edit: EditRequest): SaveResult;
  /** withdraws one of this phone's own records */
  retract(entry: string): SaveResult;
  draft(key: string): Draft | null;
  drafts(): Draft[];
  keepDraft(draft: Draft): void;
  dropDraft(key: string): void;
  /** comes with an invitation's code; `compare`: ask again with `askIn` until it is something else */
  enrol(code: string): EnrolResult;
  askIn(): EnrolResult;
  signOut(): SignOutResult;
  /** the first PIN of this phone; its records are sealed with a key that only it gives */
  choosePin(pin: string): PinResult;
  unlock(pin: string): PinResult;
  changePin(old: string, pin: string): PinResult;
  /** nobody knows it any more: what is here cannot be read again, what is unsent is sent all the same */
  forgetPin(): void;
  sync(): SyncResult;
  /** what a colleague could bring, to be sealed; null: nothing, or no key of the server to seal it to */
  handOver(): Content | null;
  /** a colleague's packet: kept until the server has it */
  takePacket(packet: Uint8Array): TakeResult;
  packets(): Omit<Packet, 'bytes'>[];
  /** gives up one that the server does not take */
  dropPacket(id: string): void;
}

export type CallName = keyof Calls;

export interface Failure {
  code: StorageCode | 'core_failed' | 'not_ready';
  message: string;
}

/** Told to the worker without waiting for an answer. */
export type Notice =
  | { notice: 'language'; language: 'zh' | 'en' }
  | { notice: 'wake'; reason: 'visible' | 'online' }
  /** somebody touches the screen */
  | { notice: 'used' }
  | { notice: 'take_over' };

export type ToWorker = { id: number; call: CallName; args: unknown[] } | Notice;

/** Why nothing can be read: it wants the PIN, a contact with the server, or to be enrolled again. */
export interface Locked {
  why: 'pin' | 'lease' | 'gone';
  tries_left: number;
  /** this phone's clock; 0: now */
  wait_until: number;
  /** entries that are sealed for the server and not there yet */
  unsent: number;
}

export interface WorkerState {
  phase: 'opening' | 'other_window' | 'choose_pin' | 'locked' | 'ready' | 'broken';
  /** while it is */
  locked: Locked | null;
  failure: Failure | null;
  phone: PhoneStatus | null;
  /** `none`: to be enrolled first; `expired`: the server wants it again, recording goes on */
  session: 'none' | 'valid' | 'expired';
  contact: { sending: boolean; last: SyncResult | null; last_try: string | null };
  storage: { free_bytes: number | null; persisted: boolean };
  /** what others who used this phone before have not sent yet */
  left_unsent: number;
  /** it was reported lost, was told so, and has nothing on it any more */
  wiped: boolean;
}

/** Before anything is known. */
export function newState(phase: WorkerState['phase'] = 'opening', failure: Failure | null = null): WorkerState {
  return {
    phase,
    failure,
    locked: null,
    phone: null,
    session: 'none',
    contact: { sending: false, last: null, last_try: null },
    storage: { free_bytes: null, persisted: false },
    left_unsent: 0,
    wiped: false,
  };
}

export type FromWorker =
  | { id: number; ok: true; value: unknown }
  /** large answers cross as the core's own text: parsed once, on the page's side */
  | { id: number; ok: true; json: string }
  | { id: number; ok: false; failure: Failure }
  | { event: 'state'; state: WorkerState }
  | { event: 'changed' }
  /** the wasm core trapped: the page starts a fresh worker, stored rows are untouched */
  | { event: 'stopped'; during: string };
