// Which PINs are refused, and that a key comes of digits, salt and secret together.

import { describe, expect, it } from 'vitest';
import { keyOf, newSalted, weakness } from './pin';

describe('a PIN', { timeout: 60_000 }, () => {
  it('is six digits that are not the first ones anybody tries', () => {
    for (const pin of ['12345', '1234567', '12345a', '', '１２３４５６']) expect([pin, weakness(pin)]).toEqual([pin, 'digits']);
    for (const pin of ['000000', '777777', '121212', '123123', '112233']) expect([pin, weakness(pin)]).toEqual([pin, 'repeats']);
    for (const pin of ['123456', '456789', '987654', '654321', '890123', '210987']) expect([pin, weakness(pin)]).toEqual([pin, 'runs']);
    for (const pin of ['283746', '135790', '100000', '123457']) expect([pin, weakness(pin)]).toEqual([pin, null]);
  });

  it('gives the same key with the same salt and secret, and with no others', async () => {
    const one = await newSalted();
    const iv = new Uint8Array(12);
    const sealed = async (key: CryptoKey) => Buffer.from(await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, new Uint8Array(16))).toString('hex');
    const key = await sealed(await keyOf('283746', one));
    expect(await sealed(await keyOf('283746', one))).toBe(key);
    expect(await sealed(await keyOf('283747', one))).not.toBe(key);
    expect(await sealed(await keyOf('283746', { ...one, secret: (await newSalted()).secret }))).not.toBe(key);
    expect(await sealed(await keyOf('283746', { ...one, salt: new Uint8Array(16) as Uint8Array<ArrayBuffer> }))).not.toBe(key);
  });
});
