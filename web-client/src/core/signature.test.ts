// A signature fits its key and its message, and nothing else fits.

import { describe, expect, it } from 'vitest';
import { CURVE, fits, sign, type ToVerify } from './signature';

const text = (words: string) => new TextEncoder().encode(words);

async function keyPair(): Promise<{ publicKey: Uint8Array; privateKey: CryptoKey }> {
  const pair = await crypto.subtle.generateKey(CURVE, false, ['sign', 'verify']);
  return { publicKey: new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey)), privateKey: pair.privateKey };
}

function toVerify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): ToVerify {
  return { public_key: () => publicKey, message: () => message, signature: () => signature, free: () => undefined };
}

describe('a signature', () => {
  it('fits its key and its message only', async () => {
    const home = await keyPair();
    const stranger = await keyPair();
    const signature = await sign(home.privateKey, text('receipt'));
    expect(signature).toHaveLength(64);
    expect(await fits(toVerify(home.publicKey, text('receipt'), signature))).toBe(true);
    expect(await fits(toVerify(home.publicKey, text('another'), signature))).toBe(false);
    expect(await fits(toVerify(stranger.publicKey, text('receipt'), signature))).toBe(false);
    expect(await fits(toVerify(home.publicKey, text('receipt'), new Uint8Array(64)))).toBe(false);
  });

  it('of what is no key does not fit', async () => {
    expect(await fits(toVerify(new Uint8Array(65), text('receipt'), new Uint8Array(64)))).toBe(false);
  });
});
