// The worker owns the core, the database, the device key and the contacts with the server.
// The page only asks; what it is told to be saved is on the flash.

import { StorageFailure, asStorageFailure } from '../storage/failure';
import { Store, type Write } from '../storage/store';
import {
  type Calls,
  type CallName,
  type Draft,
  type Failure,
  type FromWorker,
  type SignInResult,
  type ToWorker,
  type WorkerState,
} from './calls';
import { noticing, rfc3339 } from './clock';
import { contact, type ContactResult, type Line } from './contact';
import { loadDeviceKey } from './device-key';
import { handOver } from './hand-over';
import { deviceName, signIn } from './enrolment';
import { CoreStopped, Host } from './host';
import { Holders } from './holders';
import type { Changed, Phone, PhoneModule } from './phone';
import { bringPackets, dropPacket, listPackets, takePacket } from './packets';
import { Queue } from './queue';
import { ask, type Language } from './server';
import { forgetSession, keepSession, loadSession, type Session } from './session';
import { INCOMPLETE_ROW } from './snapshots';
import { succeed } from './successor';
import { SyncLoop } from './sync-loop';
import type { PhoneStatus, SaveResult } from './types';
import { loadCore } from './wasm';
import { WriterLock } from './writer-lock';

const SIGNED_OUT = { code: 'not_signed_in', message: '', next: '' };

const FIRST_DATABASE = 'menpai';

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

const state: WorkerState = {
  phase: 'opening',
  failure: null,
  phone: null,
  session: 'none',
  incomplete: false,
  contact: { sending: false, last: null, last_try: null },
  storage: { free_bytes: null, persisted: false },
  left_unsent: 0,
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
  today: (from) => asked((phone) => phone.today(rfc3339(), from ?? undefined)),
  buildings: (grid) => asked((phone) => phone.buildings(grid, rfc3339())),
  door: (dwelling) => asked((phone) => phone.door(dwelling, rfc3339())),
  records: (limit) => asked((phone) => phone.records(limit)),
  check: (kind, body) => asked((phone) => phone.check(kind, JSON.stringify(body), rfc3339())),

  record: ({ draft, ...request }) =>
    save((phone, now, random) => phone.record(JSON.stringify(request), now, random), draft),
  edit: (request) => save((phone, now, random) => phone.edit(JSON.stringify(request), now, random), null),
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

  signIn: async (account, password) => {
    const { only_here, worker } = await inOrder(() => ready().ask<PhoneStatus>((phone) => phone.status()));
    let place = await holders.storeFor(account, ready().store, worker?.id ?? null);
    let answer = await signIn(place.store, account, password, language);
    // Whose the current database is was not kept before: the server knows its device as another's.
    if ('result' in answer && isAnothers(answer.result) && place.store === ready().store) {
      place = await holders.another();
      answer = await signIn(place.store, account, password, language);
    }
    if ('result' in answer) return answer.result;
    const { token, enrolment } = answer.enrolled;
    const fresh: Session = { token, expired: false };
    await inOrder(async () => {
      const own = place.store === ready().store ? ready() : await hostOf(place.store);
      await own.change(
        (phone) => ({ result: null, writes: phone.enrol(enrolment) }),
        () => [keepSession(fresh)],
      );
      await holders.handOver(place.database, account, only_here);
      host = own;
      session = fresh;
    });
    await changed();
    loop.nudge('start');
    return { outcome: 'signed_in' };
  },

  signOut: async () => {
    const { only_here } = await inOrder(() => ready().ask<PhoneStatus>((phone) => phone.status()));
    // What only this phone has would sit here unseen; it goes first.
    if (only_here > 0) return { outcome: 'unsent', count: only_here };
    const token = session?.token;
    await inOrder(() =>
      ready().change(
        // The core keeps a copy of the token; this is its word for giving it up.
        (phone) => ({ result: null, writes: phone.refused(JSON.stringify(SIGNED_OUT), rfc3339()) }),
        () => [forgetSession()],
      ),
    );
    session = null;
    loop.stop();
    await tell();
    if (token) {
      void ask({ path: '/api/v1/sessions/current', method: 'DELETE', language, token, expects: 'application/json' });
    }
    return { outcome: 'signed_out' };
  },
};

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
    state.incomplete = (await store.get<boolean>('keys', INCOMPLETE_ROW)) ?? false;
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
    const line = { host: own, key, token: session.token, language, queued: inOrder, onPart };
    const { token } = session;
    let result = await contact(line);
    // Somebody else has signed in meanwhile: what is left of this one is sent beside theirs.
    if (own !== host) return { ...result, more: true };
    if (result.successor) result = await becomeAnother(line);
    const expired = result.outcome === 'not_signed_in';
    if (session && (result.outcome === 'answered' || expired) && session.expired !== expired) {
      session = { ...session, expired };
      await own.store.commit([keepSession(session)]);
    }
    if (result.outcome === 'answered' && result.more !== state.incomplete) {
      state.incomplete = result.more;
      await own.store.commit([{ store: 'keys', key: INCOMPLETE_ROW, value: result.more || null }]);
    }
    if (result.outcome === 'answered' && !result.more && module) await holders.sendLeft(module, language, inOrder);
    // A colleague's come after this worker's own.
    if (result.outcome === 'answered' && !result.more) result = { ...result, ...(await bring(token)) };
    // An answer without news redraws no list.
    if (result.sent + result.received > 0) await changed();
    else await tell();
    if (!result.more) await keepShown(own);
    return result;
  } catch (error) {
    const failure = asFailure(error);
    return { outcome: 'server_error', sent: 0, received: 0, more: false, error: { ...failure, next: '' } };
  }
}

/** The screens are drawn: now the next start is made quick. Where that fails it is slower, no more. */
function keepShown(own: Host): Promise<unknown> {
  const keep = () => own.change((phone) => ({ result: null, writes: phone.keep_shown() }));
  return inOrder(keep).catch(() => undefined);
}

async function bring(token: string): Promise<Partial<ContactResult>> {
  const offset_ms = state.phone?.offset_ms ?? null;
  const { outcome, error, wait_ms, changed } = await bringPackets(first, { token, language, offset_ms });
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
  session = { token: succession.token, expired: false };
  await changed();
  return { ...nothing, outcome: 'answered', more: true };
}

function onPart(): void {
  state.incomplete = true;
  void changed();
}

async function hostOf(store: Store): Promise<Host> {
  if (!module) throw new StorageFailure('not_writer');
  const opened = new Host(module, store);
  await opened.open();
  return opened;
}

function isAnothers(result: SignInResult): boolean {
  return result.outcome === 'refused' && result.code === 'wrong_device';
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
