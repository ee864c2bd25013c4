// One start of the phone's core under Node: `measure-core.mjs FOLDER` opens phone.json, asks for
// today, takes up first.gz and then rest.gz, and prints what each took as a line of JSON; and what it takes to
// unseal the same rows, by the calls of web-client/src/storage/vault.ts. Reading the files is not counted; compiling
// the module is.

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

const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
const text = new TextEncoder();
const sealed = await Promise.all(stored.map(async ([store, row, value]) => {
  const how = { name: 'AES-GCM', iv: crypto.getRandomValues(new Uint8Array(12)), additionalData: text.encode(`menpai-row-1\0${store}\0${row}`) };
  return [how, await crypto.subtle.encrypt(how, key, typeof value === 'string' ? text.encode(value) : value)];
}));
const unsealing = performance.now();
await Promise.all(sealed.map(async ([how, value]) => new TextDecoder().decode(await crypto.subtle.decrypt(how, key, value))));
const unseal_ms = performance.now() - unsealing;

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
  unseal_ms,
  unseal_us_per_row: (unseal_ms * 1_000) / stored.length,
  first_edit_ms: loading.ms,
  receive_ms: deriving.ms,
  received: loading.lines + deriving.lines,
  heads: JSON.parse(phone.heads(part)).length,
}));
