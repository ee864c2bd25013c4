// One start of the phone's core under Node: `measure-core.mjs FOLDER` opens phone.json, asks for
// today, takes up first.gz and then rest.gz, and prints what each took as a line of JSON. Reading
// the files is not counted; compiling the module is.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const [folder] = process.argv.slice(2);
if (!folder) {
  console.error('usage: measure-core.mjs FOLDER');
  process.exit(2);
}
const { rows, now, part } = JSON.parse(readFileSync(join(folder, 'phone.json'), 'utf8'));
const [first, rest] = ['first.gz', 'rest.gz'].map((name) => new Uint8Array(readFileSync(join(folder, name))));
const stored = rows.map(([store, key, value]) => [
  store, key, typeof value === 'string' ? value : new Uint8Array(Buffer.from(value.hex, 'hex')),
]);

const started = performance.now();
const { Phone } = createRequire(import.meta.url)('../target/wasm/node/menpai_core.js');
const phone = Phone.open(stored);
const today = JSON.parse(phone.today(now, undefined));
const opened = performance.now();
if (!today) throw new Error('no answer');

function receive(answer) {
  phone.begin_sync(now);
  phone.request([]);
  const asked = performance.now();
  const { result } = phone.receive(answer, undefined);
  return { ms: performance.now() - asked, lines: JSON.parse(result).received };
}
const loading = receive(first);
const deriving = receive(rest);
console.log(JSON.stringify({
  open_ms: opened - started,
  first_edit_ms: loading.ms,
  receive_ms: deriving.ms,
  received: loading.lines + deriving.lines,
  heads: JSON.parse(phone.heads(part)).length,
}));
