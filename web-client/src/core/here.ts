// What this worker has in hand, one of each: the database that is in use, its core while it is open, who is enrolled, and
// what the page was told. Core and rows are touched in one queue, in the order asked; of a core that is open no more
// nothing is told.

import { StorageFailure, asStorageFailure } from '../storage/failure';
import { Store, type Write } from '../storage/store';
import { type Failure, type FromWorker, type WorkerState, newState } from './calls';
import { rfc3339 } from './clock';
import type { ContactResult } from './contact';
import { Holders } from './holders';
import { CoreStopped, Host } from './host';
import { lockState } from './lock';
import { waiting } from './outbox';
import type { PhoneModule } from './phone';
import { Queue } from './queue';
import type { Language } from './server';
import type { Session } from './session';
import { SyncLoop } from './sync-loop';
import type { PhoneStatus } from './types';

const FIRST_DATABASE = 'menpai';
/** Stands in the rows of a phone that was wiped, until somebody is enrolled on it. */
export const WIPED_ROW = 'wiped';
export const WIPED: Write = { store: 'keys', key: WIPED_ROW, value: true };

/** Of the phone, whoever uses it: colleagues' packets, and the list of who does. */
export const first = new Store(FIRST_DATABASE);
export const holders = new Holders({ name: FIRST_DATABASE, store: first });
export const state: WorkerState = newState();

interface Here {
  /** the database of who uses this phone, open or shut */
  current: Store;
  /** null: shut */
  host: Host | null;
  module: PhoneModule | null;
  session: Session | null;
  language: Language;
  /** The server had more when it last answered. Told with what is shown of it, so that no list passes for whole before it is. */
  incomplete: boolean;
  /** a contact with the server, from beginning to end */
  contact: () => Promise<ContactResult>;
}

export const here: Here = {
  current: first,
  host: null,
  module: null,
  session: null,
  language: 'zh',
  incomplete: false,
  contact: async () => ({ outcome: 'not_signed_in', sent: 0, received: 0, error: null, more: false }),
};

const queue = new Queue();
export const loop = new SyncLoop(() => here.contact(), (sending, last) => {
  state.contact = { sending, last: last ?? state.contact.last, last_try: last ? rfc3339() : state.contact.last_try };
  void tell();
});
let notWriter = (): void => undefined;

/** What to do once another window writes. */
export function onNotWriter(act: () => void): void {
  notWriter = act;
}

/** Every job that touches the core or the rows goes through here. */
export function inOrder<T>(job: () => Promise<T>): Promise<T> {
  return queue.run(job).catch((error: unknown) => {
    if (error instanceof CoreStopped) post({ event: 'stopped', during: error.message });
    if (error instanceof StorageFailure && error.code === 'not_writer') notWriter();
    throw error;
  });
}

export function ready(): Host {
  if (!here.host) throw new StorageFailure(['locked', 'choose_pin'].includes(state.phase) ? 'locked' : 'not_writer');
  return here.host;
}

export async function hostOf(store: Store): Promise<Host> {
  if (!here.module) throw new StorageFailure('not_writer');
  const opened = new Host(here.module, store);
  await opened.open();
  return opened;
}

export function post(message: FromWorker): void {
  self.postMessage(message);
}

/** What the core knows is another than before. */
export async function changed(): Promise<void> {
  await tell();
  post({ event: 'changed' });
}

export async function tell(): Promise<void> {
  const own = state.phase === 'ready' ? here.host : null;
  state.locked = state.phase === 'locked' ? await lockedNow() : null;
  if (own) {
    await inOrder(async () => {
      const status = await own.ask<PhoneStatus>((phone) => phone.status());
      // Shut meanwhile: it names whose it was.
      if (own === here.host) state.phone = status;
    }).catch(() => undefined);
    state.storage = await room();
  }
  if (state.phase !== 'ready') state.phone = null;
  state.left_unsent = holders.unsent();
  state.session = here.session ? (here.session.expired ? 'expired' : 'valid') : 'none';
  post({ event: 'state', state });
}

async function lockedNow(): Promise<WorkerState['locked']> {
  const { standing, tries_left, wait_until } = await lockState(here.current);
  const why = standing === 'lease' || standing === 'gone' ? standing : 'pin';
  return { why, tries_left, wait_until, unsent: await waiting(here.current) };
}

async function room(): Promise<WorkerState['storage']> {
  const estimate = await navigator.storage?.estimate?.().catch(() => null);
  const persisted = (await navigator.storage?.persisted?.().catch(() => false)) ?? false;
  const free = estimate?.quota === undefined ? null : estimate.quota - (estimate.usage ?? 0);
  return { free_bytes: free, persisted };
}

export function asFailure(error: unknown): Failure {
  if (error instanceof CoreStopped) return { code: 'core_failed', message: error.message };
  if (error instanceof StorageFailure || error instanceof DOMException) {
    const failure = asStorageFailure(error);
    return { code: failure.code, message: failure.message };
  }
  return { code: 'core_failed', message: error instanceof Error ? `${error.name}: ${error.message}` : String(error) };
}
