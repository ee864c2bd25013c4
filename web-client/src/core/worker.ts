// The worker's door: the page asks, something beside it answers. What the page is told to be saved is on the flash.

import type { Write } from '../storage/store';
import type { Calls, CallName, Draft, ToWorker } from './calls';
import { noticing, rfc3339 } from './clock';
import { changeThePin, chooseFirstPin, forgetPin, nudge, shutIfDue, signOut, start, stepAside, unlock, used } from './gate';
import { handOver } from './hand-over';
import { asFailure, changed, first, here, inOrder, loop, onNotWriter, post, ready, tell } from './here';
import type { Changed, Phone } from './phone';
import { dropPacket, listPackets, takePacket } from './packets';
import { askHowItStands, enrol } from './take-up';
import type { PhoneStatus, SaveResult, Today } from './types';
import { contactOnce } from './whole-contact';
import { WriterLock } from './writer-lock';

const LOOK_EVERY_MS = 20_000;

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
      return { ...today, incomplete: here.incomplete };
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
      if (!isSaved(sealed.result)) return sealed;
      const shown = phone.edit(JSON.stringify(edit), now, crypto.getRandomValues(new Uint8Array(16)));
      // Both or neither.
      if (!isSaved(shown.result)) throw new Error(shown.result);
      return { result: sealed.result, writes: [...sealed.writes, ...shown.writes] };
    }, null),
  correct: (entry, body, draft) => save((phone, now, random) => phone.correct(entry, JSON.stringify(body), now, random), draft),
  retract: (entry) => save((phone, now, random) => phone.retract(entry, now, random), null),

  draft: (key) => inOrder(async () => (await ready().store.get<Draft>('draft', key)) ?? null),
  drafts: () => inOrder(() => ready().store.all<Draft>('draft')),
  // Also while records are being shut: it was written before.
  keepDraft: (draft) => inOrder(() => here.current.commit([{ store: 'draft', key: draft.key, value: draft }])),
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
      sendSaved();
    }
    return taken;
  },
  packets: () => inOrder(async () => (await listPackets(first)).map(({ bytes: _, ...row }) => row)),
  dropPacket: async (id) => {
    await inOrder(() => dropPacket(first, id));
    post({ event: 'changed' });
  },

  enrol,
  askIn: askHowItStands,
  signOut,
  choosePin: chooseFirstPin,
  unlock,
  changePin: changeThePin,
  forgetPin,
};

function asked(question: (phone: Phone) => string): Promise<Json> {
  return inOrder(async () => new Json(await ready().use(question)));
}

async function save(
  make: (phone: Phone, now: string, random: Uint8Array) => Changed,
  draft: string | null,
): Promise<SaveResult> {
  const random = crypto.getRandomValues(new Uint8Array(16));
  const dropDraft = (result: string): Write[] =>
    draft !== null && isSaved(result) ? [{ store: 'draft', key: draft, value: null }] : [];
  const result = await inOrder(() => ready().change(noticing((phone, now) => make(phone, now, random)), dropDraft));
  if (isSaved(result)) {
    // The answer does not wait for the figures: it is on the flash already.
    void changed();
    sendSaved();
  }
  return JSON.parse(result) as SaveResult;
}

function isSaved(result: string): boolean {
  return (JSON.parse(result) as SaveResult).ok;
}

function sendSaved(): void {
  if (here.session && !here.session.expired) loop.nudge('saved');
}

self.onmessage = async ({ data }: MessageEvent<ToWorker>) => {
  if ('notice' in data) {
    if (data.notice === 'language') here.language = data.language;
    else if (data.notice === 'take_over') writer.takeOver();
    else {
      await shutIfDue().catch(() => undefined);
      if (data.notice === 'used') used();
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

here.contact = contactOnce;
onNotWriter(stepAside);
self.setInterval(() => void shutIfDue().catch(() => undefined), LOOK_EVERY_MS);
const writer = new WriterLock(() => void start(), stepAside, stepAside);
writer.wait();
