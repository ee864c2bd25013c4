// Holds both inventories against deny.toml: licences, where it comes from, what is not to be here. What
// is used to build and to test alone may be MPL-2.0 too: nobody gets it from us. Before it says that all is well it shows itself
// what must not pass.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import { root, writeInventories } from './inventory.mjs';
import { permits } from './spdx.mjs';

/** Not in any bundle: see the packages' own note in package-lock.json. */
const BUILDING_ONLY = ['MPL-2.0', 'BlueOak-1.0.0'];
const NPM = 'pkg:npm/';

/** A list of deny.toml; one text on each line, or all on one. */
function list(section, key) {
  const text = readFileSync(`${root}deny.toml`, 'utf8');
  const part = text.split(/^\[/m).find((one) => one.startsWith(`${section}]`)) ?? '';
  const found = new RegExp(`^${key} = \\[([^\\]]*)\\]`, 'm').exec(part)?.[1];
  const values = [...(found ?? '').matchAll(/"([^"]+)"/g)].map(([, value]) => value);
  assert.ok(values.length > 0, `deny.toml has no ${section}.${key}`);
  return new Set(values);
}

/** Crates that may have a licence which others may not; one on each line. */
function exceptions() {
  const lines = readFileSync(`${root}deny.toml`, 'utf8').matchAll(/^ {4}\{ allow = \[([^\]]+)\], crate = "([^"]+)" \},$/gm);
  return new Map([...lines].map(([, licences, crate]) => [`pkg:cargo/${crate}`, [...licences.matchAll(/"([^"]+)"/g)].map(([, one]) => one)]));
}

const excepted = exceptions();
const rules = { licences: list('licenses', 'allow'), banned: list('bans', 'deny'), registries: list('sources', 'allow-registry') };

/** Why a component may not be here; null: it may. */
function objection({ name, purl, licenses = [], properties = [], hashes = [] }) {
  const property = (wanted) => properties.find((one) => one.name === wanted)?.value;
  const building = property('cdx:npm:package:development') === 'true';
  const licence = licenses.map((one) => one.expression ?? one.license?.id ?? one.license?.name ?? '?').join(' AND ');
  const besides = [...(building ? BUILDING_ONLY : []), ...(excepted.get(purl.split('@')[0]) ?? [])];
  const allowed = new Set([...rules.licences, ...besides]);
  if (!permits(licence, allowed)) return `licence ${licence || 'not said'}`;
  if (rules.banned.has(name)) return 'banned in deny.toml';
  if (hashes.length === 0) return 'no hash in the lock file';
  const source = property('cargo:source');
  if (!purl.startsWith(NPM) && !rules.registries.has(source?.replace('registry+', ''))) return `comes from ${source}`;
  return null;
}

const good = {
  name: 'x', purl: 'pkg:cargo/x@1.0.0', licenses: [{ expression: 'GPL-3.0 OR (MIT AND Zlib)' }], hashes: [{}],
  properties: [{ name: 'cargo:source', value: `registry+${[...rules.registries][0]}` }],
};
assert.equal(objection(good), null);
const [[spared, besides]] = excepted;
assert.equal(objection({ ...good, purl: `${spared}@1.0.0`, licenses: [{ expression: besides }] }), null);
for (const bad of [
  { ...good, licenses: [{ expression: 'AGPL-3.0-only' }] }, { ...good, licenses: [{ expression: 'MIT AND GPL-3.0' }] },
  { ...good, licenses: [{ expression: besides }] }, { ...good, licenses: [] }, { ...good, name: 'openssl-sys' }, { ...good, hashes: [] },
  { ...good, properties: [{ name: 'cargo:source', value: 'git+https://example.org/x' }] },
  { ...good, purl: `${NPM}x@1.0.0`, licenses: [{ license: { id: 'MPL-2.0' } }] },
]) {
  assert.notEqual(objection(bad), null, JSON.stringify(bad));
}

const inventories = writeInventories();
const all = Object.values(inventories).flatMap(({ components }) => components);
assert.ok(inventories.server.components.length > 100 && inventories.web.components.length > 50, 'an inventory is empty');
const objections = all.map((one) => [one.purl, objection(one)]).filter(([, why]) => why !== null);
for (const [purl, why] of objections) console.error(`${purl}: ${why}`);
if (objections.length > 0) process.exit(1);
console.log(`supply chain: ${inventories.server.components.length} crates and ${inventories.web.components.length} packages, `
  + 'all from their registries, with hashes, under licences of deny.toml; target/sbom/ lists them');
