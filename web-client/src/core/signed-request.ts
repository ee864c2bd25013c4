// What stands in a request's `Authorization`: this phone's signature over method, path, time, and what of the body
// nothing else vouches for (docs/protocol.md section 10). There is no token; the key never leaves the browser.

import type { DeviceKey } from './device-key';
import { sign } from './signature';

/** The home's clock minus this phone's, as it last said. */
export interface HomeClock {
  offset_ms: number;
}

/** Who asks. */
export interface Identity {
  key: DeviceKey;
  community: string;
  clock: HomeClock;
}

export async function authorise(by: Identity, method: string, path: string, content: Uint8Array | null): Promise<string> {
  const device = Uint8Array.from(by.key.id.replaceAll('-', '').match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  const time = Date.now() + by.clock.offset_ms;
  const nonce = crypto.getRandomValues(new Uint8Array(8));
  const hash = content && new Uint8Array(await crypto.subtle.digest('SHA-256', content as Uint8Array<ArrayBuffer>));
  const text = new TextEncoder();
  const message = joined(
    text.encode('menpai-request-1\0'),
    text.encode(by.community),
    device,
    bigEndian(time),
    nonce,
    hash ?? new Uint8Array(32),
    text.encode(`${method} ${path}`),
  );
  const signature = await sign(by.key.private_key, message);
  return `Menpai ${[base64(device), String(time), base64(nonce), hash ? base64(hash) : '', base64(signature)].join('.')}`;
}

function bigEndian(number: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigInt64(0, BigInt(number));
  return bytes;
}

function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

function joined(...parts: Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
