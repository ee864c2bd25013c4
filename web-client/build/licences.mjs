// Whether every npm package of an inventory (CycloneDX) comes with a hash and a licence that deny.toml
// allows: node build/licences.mjs FILE. What is used to build and to test alone may be under a few
// more: nobody gets it from us.

import { readFileSync } from 'node:fs';

import satisfies from 'spdx-satisfies';

const BUILDING_ONLY = ['MPL-2.0', 'BlueOak-1.0.0', 'CC-BY-3.0'];

/** `licenses.allow`, where one stands on each line. */
function allowed() {
  const rules = readFileSync(new URL('../../deny.toml', import.meta.url), 'utf8');
  const list = /^\[licenses\][^[]*^allow = \[([^\]]+)\]/m.exec(rules)?.[1] ?? '';
  return [...list.matchAll(/"([^"]+)"/g)].map(([, licence]) => licence);
}

function objection({ licenses = [], properties = [], hashes = [] }, licences) {
  const building = properties.some(({ name, value }) => name === 'cdx:npm:package:development' && value === 'true');
  const expression = licenses.map((one) => `(${one.expression ?? one.license?.id ?? 'NONE'})`).join(' AND ');
  if (hashes.length === 0) return 'no hash in the lock file';
  try {
    if (satisfies(expression, building ? [...licences, ...BUILDING_ONLY] : licences)) return null;
  } catch {
    // Nothing that can be read, so nothing that can be kept to.
  }
  return `licence ${expression}`;
}

const { components } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const licences = allowed();
const objections = components.map((one) => [one.purl, objection(one, licences)]).filter(([, why]) => why !== null);
for (const [purl, why] of objections) console.error(`${purl}: ${why}`);
if (components.length === 0 || objections.length > 0) process.exit(1);
