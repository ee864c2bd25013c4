// Seals what a row says before it is stored, and opens it again (docs/adr/0028). Each value is bound to the row it
// stands in. The key is random, in memory only, and cannot be asked for its bytes.

import { StorageFailure } from './failure';

const NONCE_BYTES = 12;
const TEXT = 0;
const BYTES = 1;
const JSON_VALUE = 2;

/** What is stored: nothing else in the data stores is an ArrayBuffer. */
export type Sealed = ArrayBuffer;

export class Vault {
  constructor(private readonly key: CryptoKey) {}

  static async of(raw: Uint8Array<ArrayBuffer>): Promise<Vault> {
    return new Vault(await crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt', 'decrypt']));
  }

  async seal(store: string, key: string, value: unknown): Promise<Sealed> {
    const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
    const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv: nonce, additionalData: place(store, key) }, this.key, packed(value));
    const row = new Uint8Array(NONCE_BYTES + sealed.byteLength);
    row.set(nonce);
    row.set(new Uint8Array(sealed), NONCE_BYTES);
    return row.buffer;
  }

  async open(store: string, key: string, row: Sealed): Promise<unknown> {
    const iv = new Uint8Array(row, 0, NONCE_BYTES);
    const rest = new Uint8Array(row, NONCE_BYTES);
    try {
      return unpacked(new Uint8Array(await crypto.subtle.decrypt({ name: 'AES-GCM', iv, additionalData: place(store, key) }, this.key, rest)));
    } catch {
      throw new StorageFailure('unavailable', `the row ${store}/${key} does not open`);
    }
  }
}

function place(store: string, key: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`menpai-row-1\0${store}\0${key}`);
}

function packed(value: unknown): Uint8Array<ArrayBuffer> {
  const isBytes = value instanceof Uint8Array;
  const kind = isBytes ? BYTES : typeof value === 'string' ? TEXT : JSON_VALUE;
  const content = isBytes ? value : new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));
  const all = new Uint8Array(1 + content.length);
  all[0] = kind;
  all.set(content, 1);
  return all;
}

function unpacked(all: Uint8Array): unknown {
  const content = all.subarray(1);
  if (all[0] === BYTES) return content;
  const text = new TextDecoder().decode(content);
  return all[0] === TEXT ? text : (JSON.parse(text) as unknown);
}
