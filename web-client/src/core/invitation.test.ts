// The same digits as the server makes (server/src/auth/invitation.rs has the same vector), and none for anybody
// who stands between.

import { describe, expect, it } from 'vitest';
import { agreement, codeIn, commitment, digitsOf } from './invitation';

const PHONE = '041e18532fd4754c02f3041d9c75ceb33b83ffd81ac7ce4fe882ccb1c98bc5896ea46c311c4e2ff40dd96a3653e6e45445d32dfe486eced75c7a90c6a18881c0a3';
const HOME = '047135fa4fd93a09dce98bbf681b4bfcf50e7c0d6354e62afb0bff2a3429617865ed4c1f02ddb9023ee56a557e515d6a9dc66c11f220960de594334df588776724';
const KEY = { id: '03030303-0303-0303-0303-030303030303', public_key: PHONE };
const AGREED = {
  community: '410102002005',
  code: '482913067',
  key: KEY,
  phone_nonce: '01'.repeat(32),
  home_nonce: '02'.repeat(32),
  home_key: HOME,
};

describe('an invitation', () => {
  it('is read as it is typed, and out of a QR code', () => {
    for (const text of ['482913067', ' 482 913 067 ', 'https://menpai.example/#/enrol/482913067']) expect(codeIn(text)).toBe('482913067');
    for (const text of ['', '48291306', '4829130671', 'https://menpai.example/#/enrol/48', 'https://menpai.example/', 'MENPAI:1/0']) {
      expect(codeIn(text)).toBeNull();
    }
  });

  it('makes the digits that the server makes', async () => {
    expect(await digitsOf(await agreement(AGREED))).toBe('233705');
    expect((await commitment(KEY, AGREED.phone_nonce)).slice(0, 8)).toBe('d09ce990');
  });

  it('makes others for another key, number, code or home', async () => {
    for (const other of [
      { ...AGREED, key: { ...KEY, public_key: HOME } },
      { ...AGREED, home_nonce: '04'.repeat(32) },
      { ...AGREED, code: '482913068' },
      { ...AGREED, home_key: PHONE },
    ]) {
      expect(await digitsOf(await agreement(other))).not.toBe('233705');
    }
  });
});
