// What only this phone has, sealed for the server besides, entry by entry as it is recorded and in the same
// transaction (docs/adr/0028). It needs no PIN to be sent: a phone whose records cannot be opened any more, or that
// somebody else uses, loses nothing. What the server has said to have is dropped.

import { seal } from '../courier/seal';
import type { Store, Write } from '../storage/store';
import { rfc3339 } from './clock';
import { type DeviceKey, loadDeviceKey } from './device-key';
import { arrived, carried } from './packets';
import type { Phone } from './phone';
import { ask, type Language, type ServerError } from './server';
import { sign } from './signature';
import type { Identity } from './signed-request';
import type { PhoneStatus, SyncResult } from './types';

/** A packet is sealed anew with each entry until it has so many, then another begins. */
const MOST_ENTRIES = 30;
/** What the server did not take is tried again no sooner. */
const AGAIN_MS = 3_600_000;

interface Kept {
  device: string;
  /** number of the entry before its first, and of its last */
  after: number;
  last: number;
  count: number;
  sealed_at: string;
  bytes: Uint8Array;
  refused_at: number;
}

interface Begun {
  count: number;
  last: number;
  key: string;
}

/** The packets of one phone, beside its log; an order of entries without gaps. */
export class Outbox {
  private constructor(
    private readonly key: DeviceKey | null,
    private readonly kept: Kept[],
  ) {}

  static async of(store: Store): Promise<Outbox> {
    return new Outbox(await loadDeviceKey(store), await rows(store));
  }

  /** The rows that make it whole again after a change of the log, and it as it is then. */
  async catchUp(phone: Phone): Promise<{ writes: Write[]; then: Outbox }> {
    const { key } = this;
    const community = key && (JSON.parse(phone.status()) as PhoneStatus).community;
    const writes: Write[] = [];
    if (!key || !community) return { writes, then: this };
    // Those of a device that this phone was: what the server lacks is in the log of this one.
    const kept = this.kept.filter((packet) => packet.device === key.id);
    for (const packet of this.kept) if (packet.device !== key.id) writes.push(drop(packet));
    for (;;) {
      const tail = kept.at(-1);
      const grows = tail !== undefined && tail.count < MOST_ENTRIES;
      const last = tail?.last ?? 0;
      const now = rfc3339();
      // Nothing new: the last packet stays as it is.
      if (!phone.begin_packet(now, last)) return { writes, then: new Outbox(key, kept) };
      const after = grows ? tail.after : last;
      const begun = phone.begin_packet(now, after);
      if (!begun) return { writes, then: new Outbox(key, kept) };
      const signatures: Uint8Array[] = [];
      for (const message of begun.to_sign) signatures.push(await sign(key.private_key, message));
      const content = { bytes: phone.packet(signatures), community: community.code, device: key.id, clock: now };
      const about = JSON.parse(begun.result) as Begun;
      const bytes = await seal({ ...content, key: about.key, count: about.count });
      const packet: Kept = { device: key.id, after, last: about.last, count: about.count, sealed_at: now, bytes, refused_at: 0 };
      if (grows) kept.pop();
      kept.push(packet);
      writes.push({ store: 'outbox', key: row(packet), value: packet });
    }
  }

  /** Without what the server has: of the last entries so many are only here. */
  async trim(store: Store, only_here: number): Promise<Outbox> {
    let rest = only_here;
    const needed = [...this.kept].reverse().filter(({ count }) => {
      rest -= count;
      return rest + count > 0;
    });
    const done = this.kept.filter((packet) => !needed.includes(packet));
    await store.commit(done.map(drop));
    return new Outbox(this.key, needed.reverse());
  }
}

/** How many entries wait in it. */
export async function waiting(store: Store): Promise<number> {
  return (await rows(store)).reduce((sum, { count }) => sum + count, 0);
}

export interface Sent {
  outcome: SyncResult['outcome'];
  error: ServerError | null;
  wait_ms?: number;
  sent: number;
}

/** Sends what waits in a database that is not open, in order, as far as the signal goes. */
export async function sendOutbox(store: Store, by: Identity, language: Language, now = Date.now()): Promise<Sent> {
  let sent = 0;
  for (const packet of await rows(store)) {
    if (packet.refused_at > 0 && Math.abs(now - packet.refused_at) < AGAIN_MS) continue;
    const answer = await ask({
      path: '/api/v1/courier',
      method: 'POST',
      language,
      by,
      body: carried(packet.bytes, packet.sealed_at),
      contentType: 'application/octet-stream',
      expects: 'application/json',
    });
    // Somebody has opened it meanwhile: its own contact asks what arrived, and packets are sealed anew.
    if (store.vault) return { outcome: 'answered', error: null, sent };
    if (answer.kind === 'no_network' || answer.kind === 'stranger') return { outcome: answer.kind, error: null, sent };
    if (answer.kind === 'not_signed_in') return { outcome: 'not_signed_in', error: answer.error, sent };
    if (answer.kind === 'error') {
      if (!answer.error.code.startsWith('packet_')) return { outcome: 'server_error', error: answer.error, wait_ms: answer.wait_ms, sent };
      await store.commit([{ store: 'outbox', key: row(packet), value: { ...packet, refused_at: now } }]);
      return { outcome: 'server_error', error: answer.error, sent };
    }
    if (!answer.whole) return { outcome: 'no_network', error: null, sent };
    if (arrived(answer.bytes) === null) return { outcome: 'stranger', error: null, sent };
    await store.commit([drop(packet)]);
    sent += packet.count;
  }
  return { outcome: 'answered', error: null, sent };
}

async function rows(store: Store): Promise<Kept[]> {
  return store.all<Kept>('outbox');
}

function drop(packet: Kept): Write {
  return { store: 'outbox', key: row(packet), value: null };
}

/** In the order of the entries; another device's stand apart. */
function row({ device, after }: Kept): string {
  return `${device}/${String(after).padStart(16, '0')}`;
}
