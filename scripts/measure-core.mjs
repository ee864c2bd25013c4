// One start of the phone's core under Node: `measure-core.mjs FOLDER` opens phone.json, asks for
// today, takes up answer.gz, and prints what both took as a line of JSON. Reading the files is
// not counted; compiling the module is.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const [folder] = process.argv.slice(2);
if (!folder) {
  console.error('usage: measure-core.mjs FOLDER');
  process.exit(2);
}
const { rows, now, part } = JSON.parse(readFileSync(join(folder, 'phone.json'), 'utf8'));
const answer = new Uint8Array(readFileSync(join(folder, 'answer.gz')));
const stored = rows.map(([store, key, value]) => [
  store, key, typeof value === 'string' ? value : new Uint8Array(Buffer.from(value.hex, 'hex')),
]);

const started = performance.now();
const { Phone } = createRequire(import.meta.url)('../target/wasm/node/menpai_core.js');
const phone = Phone.open(stored);
const today = JSON.parse(phone.today(now, undefined));
const opened = performance.now();
if (!today) throw new Error('no answer');

phone.begin_sync(now);
phone.request([]);
const asked = performance.now();
const { result } = phone.receive(answer, undefined);
const received = performance.now();
console.log(JSON.stringify({
  open_ms: opened - started,
  receive_ms: received - asked,
  received: JSON.parse(result).received,
  heads: JSON.parse(phone.heads(part)).length,
}));
