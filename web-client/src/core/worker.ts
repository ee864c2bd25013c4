// The worker owns the core, the database, the device key, the key of the records while somebody uses them, and the
// contacts with the server. The page only asks; what it is told to be saved is on the flash.

import { StorageFailure, asStorageFailure } from '../storage/failure';
import { Store, type Write } from '../storage/store';
import {
  type Calls,
  type CallName,
  type Draft,
  type EnrolResult,
  type Failure,
  type FromWorker,
  type PinResult,
  type ToWorker,
  type WorkerState,
} from './calls';
import { noticing, rfc3339 } from './clock';
import { contact, type ContactResult, type Line } from './contact';
import { asDevice, loadDeviceKey, replaceDeviceKey } from './device-key';
import { type Coming, type Enrolled, type Place, askIn, come, deviceName } from './enrolment';
import { handOver } from './hand-over';
import { CoreStopped, Host } from './host';
import { Holders } from './holders';
import { renewLease } from './lease';
import { changePin, choosePin, forgetLeaseIfOver, goneLock, lockState, openWith, provisional, provisionalVault, throwKeyAway } from './lock';
import { sendOutbox, waiting } from './outbox';
import type { Changed, Phone, PhoneModule } from './phone';
import { bringPackets, dropPacket, listPackets, takePacket } from './packets';
import { weakness } from './pin';
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
/** Nobody has touched the screen for so long: it wants the PIN again. */
const IDLE_MS = 15 * 60_000;
const LOOK_EVERY_MS = 20_000;
/** What the page has just sent to be kept is on its way. */
const LAST_WORDS_MS = 300;

const first = new Store(FIRST_DATABASE);
const holders = new Holders({ name: FIRST_DATABASE, store: first });
const queue = new Queue();
const loop = new SyncLoop(contactOnce, (sending, last) => {
  state.contact = { sending, last: last ?? state.contact.last, last_try: last ? rfc3339() : state.contact.last_try };
  void tell();
});
const lock = new WriterLock(() => void start(), () => stepAside(), () => stepAside());

/** the database of who uses this phone, open or shut */
let current: Store = first;
let host: Host | null = null;
/** records are being shut: what is under way ends first */
let shutting: Promise<void> = Promise.resolve();
let lastUsed = Date.now();
let module: PhoneModule | null = null;
let session: Session | null = null;
let language: Language = 'zh';
/** The server had more when it last answered. Told with what is shown of it, so that no list passes for whole before it is. */
let incomplete = false;
/** waits until somebody at the office has compared its digits */
let coming: Coming | null = null;

const state: WorkerState = {
  phase: 'opening',
  locked: null,
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
  // Also while records are being shut: it was written before.
  keepDraft: (draft) => inOrder(() => current.commit([{ store: 'draft', key: draft.key, value: draft }])),
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
    const open = host;
    const worker = open ? (await inOrder(() => open.ask<PhoneStatus>((phone) => phone.status()))).worker?.id ?? null : holders.current();
    const placeOf = async (invited: string): Promise<Place> => {
      const place = await holders.storeFor(invited, current, worker);
      const { standing } = await lockState(place.store);
      return { ...place, gone: standing === 'gone', shut: place.store.vault === null && ['pin', 'lease'].includes(standing) };
    };
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
    await shut();
    return { outcome: 'signed_out' };
  },

  choosePin: async (pin) => {
    const why = weakness(pin);
    if (why) return { outcome: 'weak', why };
    await inOrder(async () => {
      const own = host ?? (await hostOf(current));
      const { community, worker } = await own.ask<PhoneStatus>((phone) => phone.status());
      await choosePin(current, community?.code ?? '', pin);
      await holders.claim(worker?.id ?? null);
      own.close();
      host = await hostOf(current);
    });
    await opened();
    return { outcome: 'opened' };
  },
  unlock: async (pin) => {
    await shutting;
    if (host) return { outcome: 'opened' };
    const opening = await inOrder(async () => {
      const tried = await openWith(current, pin);
      if (tried.outcome !== 'opened') return tried;
      current.vault = tried.vault;
      host = await hostOf(current);
      return tried;
    });
    if (opening.outcome === 'opened') {
      await opened();
      return { outcome: 'opened' };
    }
    await tell();
    return said(opening.outcome);
  },
  changePin: async (old, pin) => {
    const why = weakness(pin);
    if (why) return { outcome: 'weak', why };
    const outcome = await inOrder(() => changePin(ready().store, old, pin));
    if (outcome === 'gone') await shut();
    return outcome === 'opened' ? { outcome } : said(outcome);
  },
  forgetPin: async () => {
    await inOrder(() => throwKeyAway(current));
    await tell();
  },
};

/** The lease was there, and did not fit: what ran out is told by the state. */
async function said(outcome: 'wrong' | 'wait' | 'lease' | 'gone'): Promise<PinResult> {
  const { tries_left } = await lockState(current);
  return { outcome: outcome === 'lease' ? 'other_lease' : outcome, tries_left };
}

async function askHowItStands(came: Coming): Promise<EnrolResult> {
  const stands = await askIn(came, language);
  if (stands === null) return { outcome: 'compare', worker: came.worker.name, digits: came.digits };
  coming = null;
  if ('outcome' in stands) return stands;
  await takeUp(came, stands);
  return { outcome: 'enrolled' };
}

/**
 * In one transaction this phone is the worker's: nothing of what it has not sent changes. On a phone that knew nobody
 * everything is sealed from the first; what somebody else left shut stays so until they type their PIN.
 */
async function takeUp({ place, leaves, key, name, replaces, worker }: Coming, { enrolment, community }: Enrolled): Promise<void> {
  const fresh: Session = { expired: false };
  const isCurrent = place.store === current;
  // Whose records are shut now may be in the middle of a contact.
  if (!isCurrent) await loop.idle();
  await inOrder(async () => {
    const before = host;
    const only_here = host ? (await host.ask<PhoneStatus>((phone) => phone.status())).only_here : await waiting(current);
    const enrolled: Write[] = [keepSession(fresh), { store: 'keys', key: WIPED_ROW, value: null }];
    if (place.shut) {
      await place.store.commit(enrolled);
      host = null;
    } else {
      const { vault, writes: lock } = await provisional(community);
      const isNew = (await lockState(place.store)).standing === 'none' && !(await place.store.hasData());
      if (isNew) place.store.vault = vault;
      const own = isCurrent && host ? host : await hostOf(place.store);
      const succeeds = replaces === null || leaves ? null : JSON.stringify({ ...asDevice(key), name });
      const taking = own.change(
        (phone) => {
          const before = succeeds === null ? [] : phone.succeed(succeeds);
          return { result: null, writes: [...before, ...phone.enrol(enrolment)] };
        },
        () => [...(succeeds === null ? [] : replaceDeviceKey(key)), ...enrolled, ...(isNew ? lock : [])],
      );
      await taking.catch((error: unknown) => {
        // No row has this key.
        if (isNew) place.store.vault = null;
        throw error;
      });
      await own.renewOutbox();
      host = own;
    }
    await holders.handOver(place.database, worker.id, only_here);
    // What was kept there can be read by nobody; the outbox stays.
    if (leaves) {
      await throwKeyAway(leaves);
      await leaves.clear([await goneLock(community)]);
    }
    if (!isCurrent) {
      before?.close();
      current.vault = null;
      current = place.store;
    }
    session = fresh;
    state.wiped = false;
  });
  await enter(host);
}

async function start(): Promise<void> {
  state.phase = 'opening';
  state.failure = null;
  await tell();
  try {
    await first.becomeWriter();
    current = await holders.load();
    module = await loadCore();
    session = await loadSession(current);
    state.wiped = (await current.get<boolean>('keys', WIPED_ROW)) ?? false;
    await forgetLeaseIfOver(current);
    await enter(null);
  } catch (error) {
    state.phase = 'broken';
    state.failure = asFailure(error);
    await tell();
  }
}

/** What stands in front: nothing on a phone that knows nobody, a PIN to be chosen, or the one that was. */
async function enter(open: Host | null): Promise<void> {
  const { standing } = await lockState(current);
  if (standing === 'pin' || standing === 'lease' || standing === 'gone') {
    if (open && current.vault) return opened();
    state.phase = 'locked';
    await tell();
    // Nobody needs to read anything for what is unsent.
    nudge('start');
  } else if (standing === 'no_pin' || (await current.hasData())) {
    current.vault ??= await provisionalVault(current);
    state.phase = 'choose_pin';
    await tell();
  } else {
    host = open ?? (await hostOf(current));
    await opened();
  }
}

async function opened(): Promise<void> {
  state.phase = 'ready';
  lastUsed = Date.now();
  incomplete = (await current.get<boolean>('keys', INCOMPLETE_ROW)) ?? false;
  await changed();
  // After a stop the page starts us calmly, so that one bad answer cannot turn into a loop.
  if (session) loop.nudge(self.name === 'calm' ? 'saved' : 'start');
}

/** The screens close at once; what is under way with the server ends first, then nothing here can read any more. */
async function shut(): Promise<void> {
  const own = host;
  if (!own || !own.store.vault || state.phase !== 'ready') return;
  host = null;
  state.phase = 'locked';
  state.phone = null;
  shutting = (async () => {
    await loop.idle();
    await new Promise((resolve) => setTimeout(resolve, LAST_WORDS_MS));
    await queue.run(async () => own.close());
    own.store.vault = null;
  })();
  await tell();
  await shutting;
}

/** Nobody has used it for a while, or it was too long without the server. */
async function shutIfDue(): Promise<void> {
  if (state.phase !== 'ready' && state.phase !== 'locked') return;
  const store = current;
  await inOrder(() => forgetLeaseIfOver(store));
  const { standing } = await lockState(store);
  const idle = Math.abs(Date.now() - lastUsed) > IDLE_MS;
  if (state.phase === 'locked') await tell();
  else if (standing === 'lease' || standing === 'gone' || (standing === 'pin' && idle)) await shut();
}

function stepAside(): void {
  loop.stop();
  host?.store.close();
  host = null;
  current.vault = null;
  first.close();
  state.phase = 'other_window';
  void tell();
}

function nudge(why: 'start' | 'visible' | 'online'): void {
  if (state.phase === 'locked' || (session && !session.expired)) loop.nudge(why);
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
  if (!own && state.phase === 'locked') return contactShut();
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
    await inOrder(() => own.trimOutbox());
    if (result.outcome === 'answered' && !result.more && module) await holders.sendLeft(module, language);
    // A colleague's come after this worker's own.
    if (result.outcome === 'answered' && !result.more) result = { ...result, ...(await bring(by)) };
    if (result.stopped === 'lost' && (await wiped(own, by))) return result;
    if (result.outcome === 'answered' && !result.more) await renewLease(own.store, by, language);
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

/** Nothing here can be read: what is sealed goes up, the lease comes back, or word that this phone was lost. */
async function contactShut(): Promise<ContactResult> {
  const store = current;
  const nothing = { sent: 0, received: 0, more: false, error: null };
  const key = await loadDeviceKey(store);
  const { community } = await lockState(store);
  if (!key || !community) return { ...nothing, outcome: 'not_signed_in' };
  const by: Identity = { key, community, clock: { offset_ms: 0 } };
  const sent = await sendOutbox(store, by, language);
  const brought = sent.outcome === 'answered' ? await bring(by) : {};
  const leased = await renewLease(store, by, language, 0);
  if (leased.outcome === 'stopped' && leased.stopped === 'lost') {
    await throwKeyAway(store);
    // Somebody has opened it meanwhile: it is shut once this contact has ended, and the next one goes on.
    if (host) {
      void shut();
      return { ...nothing, outcome: 'answered', more: true };
    }
    // In one step: whoever opens it meanwhile comes before it, and is sent first, or finds the key gone.
    const gone = await inOrder(async () => {
      if (host || (await waiting(store)) > 0) return false;
      await store.wipe();
      await store.commit([{ store: 'keys', key: WIPED_ROW, value: true }]);
      return true;
    });
    if (gone) {
      session = null;
      loop.stop();
      state.wiped = true;
      await enter(null);
    }
  }
  await tell();
  return { ...nothing, ...sent, ...brought };
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
  await inOrder(() => line.host.renewOutbox());
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
  if (!host) throw new StorageFailure(['locked', 'choose_pin'].includes(state.phase) ? 'locked' : 'not_writer');
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
  state.locked = state.phase === 'locked' ? await lockedNow() : null;
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

async function lockedNow(): Promise<WorkerState['locked']> {
  const { standing, tries_left, wait_until } = await lockState(current);
  const why = standing === 'lease' || standing === 'gone' ? standing : 'pin';
  return { why, tries_left, wait_until, unsent: await waiting(current) };
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
    else {
      await shutIfDue().catch(() => undefined);
      if (data.notice === 'used') lastUsed = Date.now();
      else nudge(data.reason);
    }
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

self.setInterval(() => void shutIfDue().catch(() => undefined), LOOK_EVERY_MS);
lock.wait();
