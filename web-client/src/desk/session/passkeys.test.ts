import { describe, expect, it } from 'vitest';
import { bytes, text } from './passkeys';

describe('what travels of a passkey', () => {
  it('is base64url without padding, both ways', () => {
    for (const length of [0, 1, 2, 3, 32, 200]) {
      const some = Uint8Array.from({ length }, (_, at) => (at * 251 + 62) % 256);
      expect(text(some.buffer)).toBe(Buffer.from(some).toString('base64url'));
      expect(bytes(text(some.buffer))).toEqual(some);
    }
  });
});
