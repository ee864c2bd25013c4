// What Menpai is made of, as CycloneDX 1.5: target/sbom/server.cdx.json from cargo's own metadata and
// lock file, target/sbom/web.cdx.json from npm. Nothing is downloaded that a build has not downloaded.

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));
const FOLDER = `${root}target/sbom`;

function run(command, parameters, folder = root) {
  return execFileSync(command, parameters, { cwd: folder, maxBuffer: 256 << 20, encoding: 'utf8' });
}

/** Name and version to the checksum in the lock file. */
function checksums() {
  const packages = readFileSync(`${root}Cargo.lock`, 'utf8').split('[[package]]\n').slice(1);
  const value = (text, key) => new RegExp(`^${key} = "([^"]*)"`, 'm').exec(text)?.[1];
  return new Map(packages.map((text) => [`${value(text, 'name')}@${value(text, 'version')}`, value(text, 'checksum')]));
}

function purl({ name, version }) {
  return `pkg:cargo/${name}@${version}`;
}

/** Everything that cargo would build for this machine, tests included. */
export function rustInventory() {
  const host = /^host: (.*)$/m.exec(run('rustc', ['-vV']))[1];
  const metadata = JSON.parse(run('cargo', ['metadata', '--locked', '--format-version', '1', '--filter-platform', host]));
  const sums = checksums();
  const own = new Set(metadata.workspace_members);
  const used = new Set(metadata.resolve.nodes.map(({ id }) => id));
  const byId = new Map(metadata.packages.map((one) => [one.id, one]));
  const components = metadata.packages.filter(({ id }) => used.has(id) && !own.has(id)).map((one) => {
    const sum = sums.get(`${one.name}@${one.version}`);
    return {
      type: 'library', 'bom-ref': purl(one), name: one.name, version: one.version, purl: purl(one),
      licenses: one.license ? [{ expression: one.license.replaceAll('/', ' OR ') }] : [],
      hashes: sum ? [{ alg: 'SHA-256', content: sum }] : [],
      properties: [{ name: 'cargo:source', value: one.source ?? 'path' }],
    };
  });
  const dependencies = metadata.resolve.nodes.map(({ id, dependencies: on }) => ({
    ref: purl(byId.get(id)), dependsOn: [...new Set(on.map((other) => purl(byId.get(other))))].sort(),
  }));
  const [server] = metadata.packages.filter(({ name }) => name === 'menpai-server');
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.5.schema.json', bomFormat: 'CycloneDX', specVersion: '1.5', version: 1,
    metadata: { component: { type: 'application', 'bom-ref': purl(server), name: server.name, version: server.version, purl: purl(server) } },
    components, dependencies,
  };
}

export function webInventory() {
  return JSON.parse(run('npm', ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only'], `${root}web-client`));
}

/** Writes both and returns them. */
export function writeInventories() {
  const inventories = { server: rustInventory(), web: webInventory() };
  mkdirSync(FOLDER, { recursive: true });
  for (const [name, inventory] of Object.entries(inventories)) {
    writeFileSync(`${FOLDER}/${name}.cdx.json`, `${JSON.stringify(inventory, null, 1)}\n`);
  }
  return inventories;
}
