// The key pair of this installation: P-256, made once, its private half never leaves the browser.
// Only `keys` holds it; the server learns the public half at sign-in.

import type { Store, Write } from '../storage/store';
import { CURVE, sign, verify } from './signature';

const KEY_ROW = 'device';

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
export async function deviceKey(store: Store): Promise<DeviceKey> {
  const known = await loadDeviceKey(store);
  if (known) return known;
  const pair = await crypto.subtle.generateKey(CURVE, false, ['sign', 'verify']);
  const raw = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey));
  const write: Write = {
    store: 'keys',
    key: KEY_ROW,
    value: { id: crypto.randomUUID(), public_key: hex(raw), private_key: pair.privateKey },
  };
  await store.commit([write]);
  return tried(store, pair.publicKey);
}

/** Some browsers give back an empty row for a stored key: better found out now than at the first sync. */
async function tried(store: Store, publicKey: CryptoKey): Promise<DeviceKey> {
  const stored = await loadDeviceKey(store);
  if (!stored?.private_key) throw new Error('this browser does not keep keys');
  const message = new TextEncoder().encode('menpai');
  const signature = await sign(stored.private_key, message);
  if (!(await verify(publicKey, signature, message))) throw new Error('this browser does not sign');
  return stored;
}

function hex(view: Uint8Array): string {
  return Array.from(view, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
