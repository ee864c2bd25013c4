// What the screen draws the camera's reader reads: the codes of a packet, drawn and looked at.

import encodeQr from 'qr';
import decodeQr from 'qr/decode.js';
import { expect, it } from 'vitest';
import { CodeCollector, codesOf } from './codes';

/** As a camera sees it: each module some pixels wide. */
function seen(rows: boolean[][], scale: number): { width: number; height: number; data: Uint8ClampedArray } {
  const side = rows.length * scale;
  const data = new Uint8ClampedArray(side * side * 4).fill(255);
  rows.forEach((row, y) => row.forEach((dark, x) => {
    if (!dark) return;
    for (let dy = 0; dy < scale; dy += 1) for (let dx = 0; dx < scale; dx += 1) {
      data.fill(0, ((y * scale + dy) * side + x * scale + dx) * 4, ((y * scale + dy) * side + x * scale + dx) * 4 + 3);
    }
  }));
  return { width: side, height: side, data };
}

it('codes that are drawn are read again', async () => {
  const packet = crypto.getRandomValues(new Uint8Array(1_500));
  const collector = new CodeCollector();
  let whole: Uint8Array | null = null;
  for (const code of (await codesOf(packet))!) {
    const rows = encodeQr(code, 'raw', { ecc: 'low', encoding: 'alphanumeric', border: 4 });
    expect(rows.length).toBeLessThanOrEqual(85 + 8);
    whole = (await collector.add(decodeQr(seen(rows, 4))))?.packet ?? null;
  }
  expect(whole).toEqual(packet);
});
