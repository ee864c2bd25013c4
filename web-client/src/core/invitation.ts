// What an invitation's code is worth: what the phone commits itself to before it knows the home's number, and the
// six digits that both sides then show (docs/protocol.md section 10). The server's half is auth/invitation.rs.

import type { DeviceKey } from './device-key';

/** Digits of a code, as it is typed or stands in the address that a QR code holds. */
const CODE = /^\d{9}$/;
const COMPARED = 1_000_000;

export interface Agreed {
  community: string;
  code: string;
  key: Pick<DeviceKey, 'id' | 'public_key'>;
  /** hex, 32 bytes each */
  phone_nonce: string;
  home_nonce: string;
  /** hex, uncompressed point */
  home_key: string;
}

/** The digits of what somebody typed, or of an address that a QR code holds; null: no code. */
export function codeIn(text: string): string | null {
  const typed = text.includes('#') ? (/#\/enrol\/(\d+)$/.exec(text.trim())?.[1] ?? '') : text.replace(/\s/g, '');
  return CODE.test(typed) ? typed : null;
}

export function newNonce(): string {
  return hex(crypto.getRandomValues(new Uint8Array(32)));
}

export async function commitment(key: Agreed['key'], nonce: string): Promise<string> {
  return hex(await hash(joined(ascii('menpai-enrolment-0\0'), idBytes(key.id), unhex(key.public_key), unhex(nonce))));
}

/** What the phone signs: whatever both sides are to agree about. */
export async function agreement({ community, code, key, phone_nonce, home_nonce, home_key }: Agreed): Promise<Uint8Array> {
  const codeHash = await hash(joined(ascii('menpai-invitation-1\0'), ascii(code)));
  return joined(
    ascii('menpai-enrolment-1\0'),
    ascii(community),
    codeHash,
    idBytes(key.id),
    unhex(key.public_key),
    unhex(phone_nonce),
    unhex(home_nonce),
    unhex(home_key),
  );
}

/** The six digits that people compare. */
export async function digitsOf(message: Uint8Array): Promise<string> {
  // 48 bits are a whole number here.
  const number = (await hash(message)).subarray(0, 6).reduce((sum, byte) => sum * 256 + byte, 0);
  return String(number % COMPARED).padStart(6, '0');
}

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

async function hash(bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>));
}

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function idBytes(id: string): Uint8Array {
  return unhex(id.replaceAll('-', ''));
}

function unhex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
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
