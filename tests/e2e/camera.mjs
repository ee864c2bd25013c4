// What a camera would see: QR codes one after the other, as the uncompressed video that Chromium takes for one.

import { createRequire } from 'node:module';
import { writeFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';

const require = createRequire(new URL('../../web-client/package.json', import.meta.url));
const { default: encodeQr } = await import(pathToFileURL(require.resolve('qr')).href);

const SIDE = 720;
/** Each code stays for so long: a phone looks several times a second. */
const FRAMES_EACH = 6;

/** Writes the video; it is shown over and over. */
export async function film(codes, file) {
  const colours = Buffer.alloc((SIDE / 2) ** 2 * 2, 128);
  const frames = codes.flatMap((code) => {
    const rows = encodeQr(code, 'raw', { ecc: 'low', encoding: 'alphanumeric', border: 6 });
    const frame = Buffer.concat([Buffer.from('FRAME\n'), picture(rows), colours]);
    return Array(FRAMES_EACH).fill(frame);
  });
  await writeFile(file, Buffer.concat([Buffer.from(`YUV4MPEG2 W${SIDE} H${SIDE} F10:1 Ip A1:1 C420jpeg\n`), ...frames]));
}

function picture(rows) {
  const light = Buffer.alloc(SIDE * SIDE, 235);
  const scale = Math.floor(SIDE / rows.length);
  for (const [y, row] of rows.entries()) {
    for (const [x, dark] of row.entries()) {
      if (!dark) continue;
      for (let line = y * scale; line < (y + 1) * scale; line += 1) light.fill(16, line * SIDE + x * scale, line * SIDE + (x + 1) * scale);
    }
  }
  return light;
}
