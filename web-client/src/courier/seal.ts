// Seals a packet to the server's courier key with HPKE: what is in it nobody on the way can read.
// The page loads it only when somebody hands something over; the worker has it from the start, since nothing is recorded without.

import { Aes128Gcm, CipherSuite, DhkemP256HkdfSha256, HkdfSha256 } from '@hpke/core';
import { FORMAT, shortHash, type ClearLine } from './packet';

/** What the worker gives out to be sealed. */
export interface Content {
  bytes: Uint8Array;
  /** the server's courier key, uncompressed point in hex */
  key: string;
  community: string;
  device: string;
  count: number;
  clock: string;
}

const suite = new CipherSuite({ kem: new DhkemP256HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes128Gcm() });

export async function seal({ bytes, key, community, device, count, clock }: Content): Promise<Uint8Array> {
  const point = unhex(key);
  const name = await shortHash(point);
  const clear: ClearLine = { menpai_packet: FORMAT, community, key: name, device, count, clock };
  const line = text(JSON.stringify(clear));
  const info = joined(text(`menpai-packet-1\0${community}`), unhex(device.replaceAll('-', '')), unhex(name));
  const recipientPublicKey = await suite.kem.deserializePublicKey(buffer(point));
  const sender = await suite.createSenderContext({ recipientPublicKey, info: buffer(info) });
  const sealed = await sender.seal(buffer(bytes), buffer(line));
  return joined(line, text('\n'), new Uint8Array(sender.enc), new Uint8Array(sealed));
}

/** A number of somebody in a community, sealed so that only the server reads it: base64. */
export async function sealNumber(number: string, key: string, community: string, person: string): Promise<string> {
  const info = joined(text(`menpai-id-number-1\0${community}`), unhex(person.replaceAll('-', '')));
  const recipientPublicKey = await suite.kem.deserializePublicKey(buffer(unhex(key)));
  const sender = await suite.createSenderContext({ recipientPublicKey, info: buffer(info) });
  const sealed = await sender.seal(buffer(text(number)));
  return btoa(String.fromCharCode(...new Uint8Array(sender.enc), ...new Uint8Array(sealed)));
}

function text(words: string): Uint8Array {
  return new TextEncoder().encode(words);
}

function unhex(digits: string): Uint8Array {
  return Uint8Array.from(digits.match(/../g) ?? [], (two) => Number.parseInt(two, 16));
}

function joined(...parts: Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  parts.reduce((at, part) => (all.set(part, at), at + part.length), 0);
  return all;
}

/** The library wants buffers, and of a view only what it shows. */
function buffer(view: Uint8Array): ArrayBuffer {
  return view.slice().buffer as ArrayBuffer;
}
