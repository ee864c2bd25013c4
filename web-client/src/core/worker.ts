// The worker owns the core, the database, the device key and the contacts with the server.
// The page only asks; what it is told to be saved is on the flash.

import { StorageFailure, asStorageFailure } from '../storage/failure';
import { Store, type Write } from '../storage/store';
import {
  type Calls,
  type CallName,
  type Draft,
  type EnrolResult,
  type Failure,
  type FromWorker,
  type ToWorker,
  type WorkerState,
} from './calls';
import { noticing, rfc3339 } from './clock';
import { contact, type ContactResult, type Line } from './contact';
import { asDevice, loadDeviceKey, replaceDeviceKey } from './device-key';
import { type Coming, type Enrolled, askIn, come, deviceName } from './enrolment';
import { handOver } from './hand-over';
import { CoreStopped, Host } from './host';
import { Holders } from './holders';
import type { Changed, Phone, PhoneModule } from './phone';
import { bringPackets, dropPacket, listPackets, takePacket } from './packets';
import { Queue } from './queue';
import type { Language } from './server';
import { forgetSession, keepSession, loadSession, type Session } from './session';
import type { Identity } from './signed-request';
import { INCOMPLETE_ROW } from './snapshots';
import { succeed } from './successor';
import { SyncLoop } from './sync-loop';
import type { PhoneStatus, SaveResult, Today } from './types';
import { loadCore } from './wasm';
import { WriterLock } from './writer-lock';

const FIRST_DATABASE = 'menpai';
/** Stands in the rows of a phone that was wiped, until somebody is enrolled on it. */
const WIPED_ROW = 'wiped';

const first = new Store(FIRST_DATABASE);
const holders = new Holders({ name: FIRST_DATABASE, store: first });
const queue = new Queue();
const loop = new SyncLoop(contactOnce, (sending, last) => {
  state.contact = { sending, last: last ?? state.contact.last, last_try: last ? rfc3339() : state.contact.last_try };
  void tell();
});
const lock = new WriterLock(() => void start(), () => stepAside(), () => stepAside());

let host: Host | null = null;
let module: PhoneModule | null = null;
let session: Session | null = null;
let language: Language = 'zh';
/** The server had more when it last answered. Told with what is shown of it, so that no list passes for whole before it is. */
let incomplete = false;
/** waits until somebody at the office has compared its digits */
let coming: Coming | null = null;

const state: WorkerState = {
  phase: 'opening',
  failure: null,
  phone: null,
  session: 'none',
  contact: { sending: false, last: null, last_try: null },
  storage: { free_bytes: null, persisted: false },
  left_unsent: 0,
  wiped: false,
};

/** The core's own text, for the page to parse. */
class Json {
  constructor(readonly text: string) {}
}

type Handlers = {
  [Name in CallName]: (...args: Parameters<Calls[Name]>) => Promise<ReturnType<Calls[Name]> | Json>;
};

const handlers: Handlers = {
  kinds: async () => new Json(ready().kinds()),
  today: (from) =>
    inOrder(async () => {
      const today = await ready().ask<Omit<Today, 'incomplete'>>((phone) => phone.today(rfc3339(), from ?? undefined));
      return { ...today, incomplete };
    }),
  buildings: (grid) => asked((phone) => phone.buildings(grid, rfc3339())),
  door: (dwelling) => asked((phone) => phone.door(dwelling, rfc3339())),
  records: (limit) => asked((phone) => phone.records(limit)),
  check: (kind, body) => asked((phone) => phone.check(kind, JSON.stringify(body), rfc3339())),

  record: ({ draft, ...request }) =>
    save((phone, now, random) => phone.record(JSON.stringify(request), now, random), draft),
  edit: (request) => save((phone, now, random) => phone.edit(JSON.stringify(request), now, random), null),
  typedIdNumber: (text) => asked((phone) => phone.typed_id_number(text, rfc3339())),
  recordSealed: (record, edit) =>
    save((phone, now, random) => {
      const sealed = phone.record(JSON.stringify(record), now, random);
      if (!(JSON.parse(sealed.result) as SaveResult).ok) return sealed;
      const shown = phone.edit(JSON.stringify(edit), now, crypto.getRandomValues(new Uint8Array(16)));
      return { result: sealed.result, writes: [...sealed.writes, ...shown.writes] };
    }, null),
  correct: (entry, body, draft) => save((phone, now, random) => phone.correct(entry, JSON.stringify(body), now, random), draft),
  retract: (entry) => save((phone, now, random) => phone.retract(entry, now, random), null),

  draft: (key) => inOrder(async () => (await ready().store.get<Draft>('draft', key)) ?? null),
  drafts: () => inOrder(() => ready().store.all<Draft>('draft')),
  keepDraft: (draft) => inOrder(() => ready().store.commit([{ store: 'draft', key: draft.key, value: draft }])),
  dropDraft: (key) => inOrder(() => ready().store.commit([{ store: 'draft', key, value: null }])),

  sync: () => loop.now(),

  handOver: () =>
    inOrder(async () => {
      const content = await handOver(ready());
      if (content) void tell();
      return content;
    }),
  takePacket: async (packet) => {
    const taken = await inOrder(async () => {
      const { device, community, offset_ms } = await ready().ask<PhoneStatus>((phone) => phone.status());
      return takePacket(first, packet, { device, community: community?.code ?? null, offset_ms });
    });
    if (taken === 'taken') {
      post({ event: 'changed' });
      if (session && !session.expired) loop.nudge('saved');
    }
    return taken;
  },
  packets: () => inOrder(async () => (await listPackets(first)).map(({ bytes: _, ...row }) => row)),
  dropPacket: async (id) => {
    await inOrder(() => dropPacket(first, id));
    post({ event: 'changed' });
  },

  enrol: async (code) => {
    const { worker } = await inOrder(() => ready().ask<PhoneStatus>((phone) => phone.status()));
    const placeOf = (invited: string) => holders.storeFor(invited, ready().store, worker?.id ?? null);
    const came = await come(code, language, placeOf, () => holders.another());
    if ('outcome' in came) return came;
    coming = came;
    return askHowItStands(came);
  },
  askIn: async () => (coming ? askHowItStands(coming) : { outcome: 'no_network' }),

  signOut: async () => {
    const { only_here } = await inOrder(() => ready().ask<PhoneStatus>((phone) => phone.status()));
    // What only this phone has would sit here unseen; it goes first.
    if (only_here > 0) return { outcome: 'unsent', count: only_here };
    await inOrder(() => ready().store.commit([forgetSession()]));
    session = null;
    loop.stop();
    await tell();
    return { outcome: 'signed_out' };
  },
};

async function askHowItStands(came: Coming): Promise<EnrolResult> {
  const stands = await askIn(came, language);
  if (stands === null) return { outcome: 'compare', worker: came.worker.name, digits: came.digits };
  coming = null;
  if ('outcome' in stands) return stands;
  await takeUp(came, stands);
  return { outcome: 'enrolled' };
}

/** In one transaction this phone is the worker's: nothing of what it has not sent changes. */
async function takeUp({ place, key, name, replaces, worker }: Coming, { enrolment }: Enrolled): Promise<void> {
  const fresh: Session = { expired: false };
  await inOrder(async () => {
    const own = place.store === ready().store ? ready() : await hostOf(place.store);
    const { only_here } = await ready().ask<PhoneStatus>((phone) => phone.status());
    const succeeds = replaces === null ? null : JSON.stringify({ ...asDevice(key), name });
    await own.change(
      (phone) => {
        const first = succeeds === null ? [] : phone.succeed(succeeds);
        return { result: null, writes: [...first, ...phone.enrol(enrolment)] };
      },
      () => [...(succeeds === null ? [] : replaceDeviceKey(key)), keepSession(fresh), { store: 'keys', key: WIPED_ROW, value: null }],
    );
    await holders.handOver(place.database, worker.id, only_here);
    host = own;
    session = fresh;
    state.wiped = false;
  });
  await changed();
  loop.nudge('start');
}

async function start(): Promise<void> {
  state.phase = 'opening';
  state.failure = null;
  await tell();
  try {
    await first.becomeWriter();
    const store = await holders.load();
    module = await loadCore();
    host = await hostOf(store);
    session = await loadSession(store);
    state.wiped = (await store.get<boolean>('keys', WIPED_ROW)) ?? false;
    incomplete = (await store.get<boolean>('keys', INCOMPLETE_ROW)) ?? false;
    state.phase = 'ready';
    await changed();
    // After a stop the page starts us calmly, so that one bad answer cannot turn into a loop.
    if (session) loop.nudge(self.name === 'calm' ? 'saved' : 'start');
  } catch (error) {
    state.phase = 'broken';
    state.failure = asFailure(error);
    await tell();
  }
}

function stepAside(): void {
  loop.stop();
  host?.store.close();
  host = null;
  first.close();
  state.phase = 'other_window';
  void tell();
}

async function save(
  make: (phone: Phone, now: string, random: Uint8Array) => Changed,
  draft: string | null,
): Promise<SaveResult> {
  const random = crypto.getRandomValues(new Uint8Array(16));
  const dropDraft = (result: string): Write[] =>
    draft !== null && (JSON.parse(result) as SaveResult).ok ? [{ store: 'draft', key: draft, value: null }] : [];
  const result = await inOrder(() => ready().change(noticing((phone, now) => make(phone, now, random)), dropDraft));
  const saved = JSON.parse(result) as SaveResult;
  if (saved.ok) {
    // The answer does not wait for the figures: it is on the flash already.
    void changed();
    if (session && !session.expired) loop.nudge('saved');
  }
  return saved;
}

async function contactOnce(): Promise<ContactResult> {
  const own = host;
  const key = own && session ? await loadDeviceKey(own.store) : null;
  if (!own || own !== host || !session || !key) {
    return { outcome: 'not_signed_in', sent: 0, received: 0, error: null, more: false };
  }
  try {
    const { community, offset_ms } = await inOrder(() => own.ask<PhoneStatus>((phone) => phone.status()));
    const by = { key, community: community?.code ?? '', clock: { offset_ms: offset_ms ?? 0 } };
    const line = { host: own, by, language, queued: inOrder, onPart };
    let result = await contact(line);
    // Somebody else has signed in meanwhile: what is left of this one is sent beside theirs.
    if (own !== host) return { ...result, more: true };
    if (result.successor) result = await becomeAnother(line);
    const expired = result.outcome === 'not_signed_in';
    if (session && (result.outcome === 'answered' || expired) && session.expired !== expired) {
      session = { ...session, expired };
      await own.store.commit([keepSession(session)]);
    }
    const turned = result.outcome === 'answered' && result.more !== incomplete;
    if (turned) {
      incomplete = result.more;
      await own.store.commit([{ store: 'keys', key: INCOMPLETE_ROW, value: result.more || null }]);
    }
    if (result.outcome === 'answered' && !result.more && module) await holders.sendLeft(module, language, inOrder);
    // A colleague's come after this worker's own.
    if (result.outcome === 'answered' && !result.more) result = { ...result, ...(await bring(by)) };
    if (result.stopped === 'lost' && (await wiped(own, by))) return result;
    // An answer without news redraws no list.
    if (turned || result.sent + result.received > 0) await changed();
    else await tell();
    if (!result.more) await keepShown(own);
    return result;
  } catch (error) {
    const failure = asFailure(error);
    return { outcome: 'server_error', sent: 0, received: 0, more: false, error: { ...failure, next: '' } };
  }
}

/**
 * This phone was reported lost. What it had has gone up and is held there, packets it carries too; now everything
 * goes, the key with it. False: something has not gone up yet. What is shown of others is gone already.
 */
async function wiped(own: Host, by: Identity): Promise<boolean> {
  await bring(by);
  // In one step: what somebody records meanwhile comes before it, and is sent first, or after it.
  const gone = await inOrder(async () => {
    const { only_here } = await own.ask<PhoneStatus>((phone) => phone.status());
    if (only_here > 0) return false;
    await own.wipe();
    await own.store.commit([{ store: 'keys', key: WIPED_ROW, value: true }]);
    await own.open();
    return true;
  });
  if (!gone) return false;
  session = null;
  loop.stop();
  state.wiped = true;
  await changed();
  return true;
}

/** The screens are drawn: now the next start is made quick. Where that fails it is slower, no more. */
function keepShown(own: Host): Promise<unknown> {
  const keep = () => own.change((phone) => ({ result: null, writes: phone.keep_shown() }));
  return inOrder(keep).catch(() => undefined);
}

async function bring(by: Identity): Promise<Partial<ContactResult>> {
  const offset_ms = state.phone?.offset_ms ?? null;
  const { outcome, error, wait_ms, changed } = await bringPackets(first, { by, language, offset_ms });
  if (changed > 0) post({ event: 'changed' });
  return outcome === 'answered' ? {} : { outcome, error, wait_ms };
}

/** The next contact is the new device's: it sends again what was not acknowledged to the old one. */
async function becomeAnother(line: Line): Promise<ContactResult> {
  const nothing = { sent: 0, received: 0, more: false, error: null };
  const succession = await succeed(line, deviceName());
  if (succession.outcome === 'no_network' || succession.outcome === 'stranger') return { ...nothing, outcome: succession.outcome };
  if (succession.outcome !== 'succeeded') {
    return { ...nothing, outcome: succession.outcome, error: succession.error, wait_ms: succession.wait_ms };
  }
  session = { expired: false };
  await changed();
  return { ...nothing, outcome: 'answered', more: true };
}

function onPart(): void {
  incomplete = true;
  void changed();
}

async function hostOf(store: Store): Promise<Host> {
  if (!module) throw new StorageFailure('not_writer');
  const opened = new Host(module, store);
  await opened.open();
  return opened;
}

function ready(): Host {
  if (!host) throw new StorageFailure('not_writer');
  return host;
}

function asked(question: (phone: Phone) => string): Promise<Json> {
  return inOrder(async () => new Json(await ready().use(question)));
}

/** Every job that touches the core or the rows goes through here. */
function inOrder<T>(job: () => Promise<T>): Promise<T> {
  return queue.run(job).catch((error: unknown) => {
    if (error instanceof CoreStopped) post({ event: 'stopped', during: error.message });
    if (error instanceof StorageFailure && error.code === 'not_writer') stepAside();
    throw error;
  });
}

async function changed(): Promise<void> {
  await tell();
  post({ event: 'changed' });
}

async function tell(): Promise<void> {
  if (host && state.phase === 'ready') {
    const current = host;
    await inOrder(async () => {
      state.phone = await current.ask<PhoneStatus>((phone) => phone.status());
    }).catch(() => undefined);
    state.storage = await room();
  }
  state.left_unsent = holders.unsent();
  state.session = session ? (session.expired ? 'expired' : 'valid') : 'none';
  post({ event: 'state', state });
}

async function room(): Promise<WorkerState['storage']> {
  const estimate = await navigator.storage?.estimate?.().catch(() => null);
  const persisted = (await navigator.storage?.persisted?.().catch(() => false)) ?? false;
  const free = estimate?.quota === undefined ? null : estimate.quota - (estimate.usage ?? 0);
  return { free_bytes: free, persisted };
}

function asFailure(error: unknown): Failure {
  if (error instanceof CoreStopped) return { code: 'core_failed', message: error.message };
  if (error instanceof StorageFailure || error instanceof DOMException) {
    const failure = asStorageFailure(error);
    return { code: failure.code, message: failure.message };
  }
  return { code: 'core_failed', message: error instanceof Error ? `${error.name}: ${error.message}` : String(error) };
}

function post(message: FromWorker): void {
  self.postMessage(message);
}

self.onmessage = async ({ data }: MessageEvent<ToWorker>) => {
  if ('notice' in data) {
    if (data.notice === 'language') language = data.language;
    else if (data.notice === 'take_over') lock.takeOver();
    else if (session && !session.expired) loop.nudge(data.reason);
    return;
  }
  const { id, call, args } = data;
  try {
    const handler = handlers[call] as (...given: unknown[]) => Promise<unknown>;
    const value = await handler(...args);
    post(value instanceof Json ? { id, ok: true, json: value.text } : { id, ok: true, value });
  } catch (error) {
    post({ id, ok: false, failure: asFailure(error) });
  }
};

lock.wait();
