// The key pair of this installation: P-256, made once, its private half never leaves the browser.
// Only `keys` holds it; the server learns the public half when it is enrolled. A phone that was restored or
// cloned gets another, which lies beside the first until the server and the log have taken it.

import type { Store, Write } from '../storage/store';
import { CURVE, sign, verify } from './signature';

const KEY_ROW = 'device';
const SUCCESSOR_ROW = 'successor';

export interface DeviceKey {
  id: string;
  /** uncompressed point, 65 bytes, lower-case hex */
  public_key: string;
  private_key: CryptoKey;
}

export async function loadDeviceKey(store: Store): Promise<DeviceKey | null> {
  return (await store.get<DeviceKey>('keys', KEY_ROW)) ?? null;
}

/** The key of this installation; made, stored and tried out when there is none yet. */
export function deviceKey(store: Store): Promise<DeviceKey> {
  return makeDeviceKey(store, KEY_ROW);
}

/** The key in a row; made there, stored and tried out when there is none yet. */
export async function makeDeviceKey(
  store: Store,
  row: typeof KEY_ROW | typeof SUCCESSOR_ROW,
): Promise<DeviceKey> {
  const known = await store.get<DeviceKey>('keys', row);
  if (known) return known;
  const pair = await crypto.subtle.generateKey(CURVE, false, ['sign', 'verify']);
  const raw = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey));
  const write: Write = {
    store: 'keys',
    key: row,
    value: { id: crypto.randomUUID(), public_key: hex(raw), private_key: pair.privateKey },
  };
  await store.commit([write]);
  return tried(store, row, pair.publicKey);
}

/** The rows that make a successor's key the key of this installation. */
export function replaceDeviceKey(key: DeviceKey): Write[] {
  return [
    { store: 'keys', key: KEY_ROW, value: key },
    { store: 'keys', key: SUCCESSOR_ROW, value: null },
  ];
}

/** What the server and the core learn of a key. */
export function asDevice({ id, public_key }: DeviceKey): { id: string; public_key: string } {
  return { id, public_key };
}

/** Some browsers give back an empty row for a stored key: better found out now than at the first sync. */
async function tried(store: Store, row: string, publicKey: CryptoKey): Promise<DeviceKey> {
  const stored = await store.get<DeviceKey>('keys', row);
  if (!stored?.private_key) throw new Error('this browser does not keep keys');
  const message = new TextEncoder().encode('menpai');
  const signature = await sign(stored.private_key, message);
  if (!(await verify(publicKey, signature, message))) throw new Error('this browser does not sign');
  return stored;
}

function hex(view: Uint8Array): string {
  return Array.from(view, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
