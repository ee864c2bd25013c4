// Packets that colleagues have handed to this phone: kept until the server says that it has them, brought after
// its own work. They belong to the phone, whoever uses it; nobody here can read what is in them.

import { clearLine, shortHash } from '../courier/packet';
import type { Store } from '../storage/store';
import { rfc3339 } from './clock';
import { ask, type Language, type ServerError } from './server';
import type { Identity } from './signed-request';
import type { SyncResult } from './types';

export interface Packet {
  /** short hash of its bytes: the same one twice is one */
  id: string;
  device: string;
  count: number;
  /** the author's clock at sealing */
  sealed_at: string;
  /** this phone's clock at hand-over, and what the server's was ahead of it then, as far as this phone knew */
  taken_at: string;
  offset_ms: number | null;
  /** null once the server has it */
  bytes: Uint8Array | null;
  /** the server's clock as it arrived */
  arrived_at: string | null;
  /** why the server did not take it, and when that was */
  refused: ServerError | null;
  refused_at: number;
}

export type TakeResult = 'taken' | 'known' | 'no_packet' | 'own' | 'other_community';

/** What was refused is tried again no sooner. */
const AGAIN_MS = 3_600_000;
/** For so long the list says that something arrived. */
const SHOWN_MS = 3 * 86_400_000;

/** Keeps a packet; when this returns it is on the flash. */
export async function takePacket(
  store: Store,
  bytes: Uint8Array,
  me: { device: string | null; community: string | null; offset_ms: number | null },
): Promise<TakeResult> {
  const clear = clearLine(bytes);
  if (!clear) return 'no_packet';
  if (clear.device === me.device) return 'own';
  if (clear.community !== me.community) return 'other_community';
  const id = await shortHash(bytes);
  if (await store.get<Packet>('packet', id)) return 'known';
  const { device, count, clock } = clear;
  await keep(store, {
    id, device, count, bytes, sealed_at: clock, taken_at: rfc3339(), offset_ms: me.offset_ms,
    arrived_at: null, refused: null, refused_at: 0,
  });
  return 'taken';
}

/** Newest first; what arrived some days ago is forgotten. */
export async function listPackets(store: Store): Promise<Packet[]> {
  const all = await store.all<Packet>('packet');
  const isOld = ({ arrived_at, taken_at }: Packet): boolean => arrived_at !== null && Date.now() - Date.parse(taken_at) > SHOWN_MS;
  const old = all.filter(isOld);
  await store.commit(old.map(({ id }) => ({ store: 'packet', key: id, value: null })));
  return all.filter((packet) => !old.includes(packet)).sort((one, other) => other.taken_at.localeCompare(one.taken_at));
}

/** Gives up a packet that the server does not take; its author has everything still. */
export async function dropPacket(store: Store, id: string): Promise<void> {
  const packet = await store.get<Packet>('packet', id);
  if (packet && (packet.refused || packet.arrived_at)) await store.commit([{ store: 'packet', key: id, value: null }]);
}

export interface Courier {
  by: Identity;
  language: Language;
  /** server minus phone, now */
  offset_ms: number | null;
}

export interface Brought {
  outcome: SyncResult['outcome'];
  error: ServerError | null;
  /** the server does not want to be asked again for so long */
  wait_ms?: number;
  /** rows that are another than before */
  changed: number;
}

/** Brings what waits, one packet after the other, as far as the signal goes. */
export async function bringPackets(store: Store, courier: Courier): Promise<Brought> {
  let changed = 0;
  for (const packet of (await listPackets(store)).reverse()) {
    if (!packet.bytes || (packet.refused && Date.now() - packet.refused_at < AGAIN_MS)) continue;
    const answer = await ask({
      path: '/api/v1/courier',
      method: 'POST',
      language: courier.language,
      by: courier.by,
      body: body(packet, packet.bytes, courier),
      contentType: 'application/octet-stream',
      expects: 'application/json',
    });
    if (answer.kind === 'no_network' || answer.kind === 'stranger') return { outcome: answer.kind, error: null, changed };
    if (answer.kind === 'not_signed_in') return { outcome: 'not_signed_in', error: answer.error, changed };
    if (answer.kind === 'error') {
      // Only what was said about the packet itself is its fault.
      if (!answer.error.code.startsWith('packet_')) {
        return { outcome: 'server_error', error: answer.error, wait_ms: answer.wait_ms, changed };
      }
      await keep(store, { ...packet, refused: answer.error, refused_at: Date.now() });
    } else {
      const arrived_at = answer.whole ? arrived(answer.bytes) : null;
      if (arrived_at === null) return { outcome: answer.whole ? 'stranger' : 'no_network', error: null, changed };
      await keep(store, { ...packet, bytes: null, refused: null, arrived_at });
    }
    changed += 1;
  }
  return { outcome: 'answered', error: null, changed };
}

function keep(store: Store, packet: Packet): Promise<void> {
  return store.commit([{ store: 'packet', key: packet.id, value: packet }]);
}

/** The hand-over as this phone's clock would show it now: it may have been set since. */
function body({ taken_at, offset_ms }: Packet, bytes: Uint8Array, courier: Courier): Uint8Array<ArrayBuffer> {
  const moved = offset_ms === null || courier.offset_ms === null ? 0 : offset_ms - courier.offset_ms;
  return carried(bytes, rfc3339(new Date(Date.parse(taken_at) + moved)));
}

/** A packet as it travels, and when it was handed over by this phone's clock. */
export function carried(bytes: Uint8Array, handed: string): Uint8Array<ArrayBuffer> {
  const line = new TextEncoder().encode(`${JSON.stringify({ menpai: 2, clock: rfc3339(), handed })}\n`);
  const all = new Uint8Array(line.length + bytes.length);
  all.set(line);
  all.set(bytes, line.length);
  return all;
}

/** The server's clock as it arrived; null: some portal's JSON. */
export function arrived(bytes: Uint8Array): string | null {
  try {
    const said = JSON.parse(new TextDecoder().decode(bytes)) as { arrived?: unknown } | null;
    return typeof said?.arrived === 'string' ? said.arrived : null;
  } catch {
    return null;
  }
}
