// Measures the built phone app and checks that the service worker stores all of it:
// `measure-web.mjs FILE` appends one line of JSON for each figure. The lists come from two
// sources on purpose: Vite's manifest says what the app can load, the built sw.js what is stored;
// a chunk missing from the latter is an app that crashes offline.

import { appendFileSync, readdirSync, readFileSync } from 'node:fs';
import { brotliCompressSync } from 'node:zlib';

const [results] = process.argv.slice(2);
if (!results) {
  console.error('usage: measure-web.mjs FILE');
  process.exit(2);
}
const dist = new URL('../web-client/dist/', import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('.vite/manifest.json', dist), 'utf8'));
const serviceWorker = readFileSync(new URL('sw.js', dist), 'utf8');
const stored = JSON.parse(readFileSync(new URL('.vite/precache.json', dist), 'utf8')).files.map((file) => file.url.slice(1));

const bytes = (path) => readFileSync(new URL(path, dist));
const small = (paths) => paths.reduce((sum, path) => sum + brotliCompressSync(bytes(path)).length, 0);
const most = (values) => values.reduce((most, value) => Math.max(most, value), 0);

function report(name, value, n) {
  const line = JSON.stringify({ name, value, unit: 'bytes', n });
  console.log(line);
  appendFileSync(results, `${line}\n`);
}

function chunks(key, follow) {
  const found = new Set([key]);
  for (const each of found) for (const next of follow(manifest[each])) found.add(next);
  return [...found].map((each) => manifest[each]);
}

const entry = chunks('index.html', (chunk) => chunk.imports ?? []);
const whole = chunks('index.html', (chunk) => [...(chunk.imports ?? []), ...(chunk.dynamicImports ?? [])]);
const lazy = whole.filter((chunk) => !entry.includes(chunk));
const styles = (list) => [...new Set(list.flatMap((chunk) => chunk.css ?? []))];
const assets = readdirSync(new URL('assets/', dist)).map((name) => `assets/${name}`);
const wasm = assets.filter((path) => path.endsWith('.wasm'));
const workers = assets.filter((path) => /^assets\/worker-[^/]*\.js$/.test(path));

report('wasm_core_brotli_bytes', small(wasm), wasm.length);
report('field_entry_js_brotli_bytes', small(entry.map((chunk) => chunk.file)), entry.length);
report('field_entry_css_brotli_bytes', small(styles(entry)), styles(entry).length);
report('field_lazy_chunk_brotli_bytes', most(lazy.map((chunk) => small([chunk.file]))), lazy.length);
report('field_precache_brotli_bytes', small(stored), stored.length);
report('field_precache_file_bytes', most(stored.map((path) => bytes(path).length)), stored.length);

const faults = [];
if (wasm.length !== 1) faults.push(`one wasm file expected, ${wasm.length} built`);
if (workers.length !== 1) faults.push(`one worker file expected, ${workers.length} built`);
const needed = ['index.html', ...wasm, ...workers, ...styles(whole), ...whole.flatMap((chunk) => [chunk.file, ...(chunk.assets ?? [])])];
for (const path of new Set(needed)) {
  if (!stored.includes(path)) faults.push(`${path} is not stored by the service worker`);
}
for (const path of stored) {
  if (!serviceWorker.includes(`/${path}`)) faults.push(`${path} is listed but not in sw.js`);
  if (path.startsWith('desk/') || path === manifest['desk/index.html'].file) faults.push(`${path} belongs to the desk`);
}
for (const fault of faults) console.error(`phone app: ${fault}`);
process.exitCode = faults.length === 0 ? 0 : 1;
