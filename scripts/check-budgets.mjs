// Measures the built field app against budgets.json and checks that the service worker stores all
// of it. The lists come from two sources on purpose: Vite's manifest says what the app can load,
// the built sw.js what is stored; a chunk missing from the latter is an app that crashes offline.

import { readdirSync, readFileSync } from 'node:fs';
import { brotliCompressSync } from 'node:zlib';

const root = new URL('../', import.meta.url);
const dist = new URL('web-client/dist/', root);
const budgets = JSON.parse(readFileSync(new URL('budgets.json', root), 'utf8'));
const manifest = JSON.parse(readFileSync(new URL('.vite/manifest.json', dist), 'utf8'));
const serviceWorker = readFileSync(new URL('sw.js', dist), 'utf8');
const stored = JSON.parse(readFileSync(new URL('.vite/precache.json', dist), 'utf8')).files.map((file) => file.url.slice(1));

const faults = [];
const bytes = (path) => readFileSync(new URL(path, dist));
const small = (paths) => paths.reduce((sum, path) => sum + brotliCompressSync(bytes(path)).length, 0);

function measure(name, value, limit) {
  const over = value > limit;
  console.log(`${over ? 'OVER ' : 'ok   '} ${name}: ${value} of ${limit} bytes`);
  if (over) faults.push(`${name} is over its budget`);
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

measure('field entry, JS brotli', small(entry.map((chunk) => chunk.file)), budgets.field_entry_js_br);
measure('field entry, CSS brotli', small(styles(entry)), budgets.field_entry_css_br);
measure('field entry, HTML brotli', small(['index.html']), budgets.field_entry_html_br);
for (const chunk of lazy) measure(`lazy ${chunk.name}, JS brotli`, small([chunk.file]), budgets.field_lazy_chunk_br);

const assets = readdirSync(new URL('assets/', dist)).map((name) => `assets/${name}`);
const wasm = assets.filter((path) => path.endsWith('.wasm'));
const workers = assets.filter((path) => /^assets\/worker-[^/]*\.js$/.test(path));
if (wasm.length !== 1) faults.push(`one wasm file expected, ${wasm.length} built`);
if (workers.length !== 1) faults.push(`one worker file expected, ${workers.length} built`);
for (const path of wasm) measure('core wasm, brotli', small([path]), budgets.core_wasm_br);

const needed = ['index.html', ...wasm, ...workers, ...styles(whole), ...whole.flatMap((chunk) => [chunk.file, ...(chunk.assets ?? [])])];
for (const path of new Set(needed)) {
  if (!stored.includes(path)) faults.push(`${path} is not stored by the service worker`);
}
for (const path of stored) {
  if (!serviceWorker.includes(`/${path}`)) faults.push(`${path} is listed but not in sw.js`);
  if (path.startsWith('desk/') || path === manifest['desk/index.html'].file) faults.push(`${path} belongs to the desk`);
  const raw = bytes(path).length;
  if (raw > budgets.precache_file_raw) faults.push(`${path} has ${raw} bytes`);
}
measure(`precache, ${stored.length} files, brotli`, small(stored), budgets.precache_total_br);

for (const fault of faults) console.error(`budget: ${fault}`);
console.log(faults.length === 0 ? 'budgets: all kept' : `budgets: ${faults.length} broken`);
process.exitCode = faults.length === 0 ? 0 : 1;
