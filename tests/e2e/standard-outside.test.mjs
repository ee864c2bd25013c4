// What leaves the house is readable without us: a grid's registry with the automerge package of
// npm, the log with nothing but a JSON reader and SHA-256. Both are held against what the server
// says elsewhere: its conflicts, its heads, its digests (docs/protocol.md sections 6, 8, 9, 13).

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { Server } from './server.mjs';

const automerge = createRequire(new URL('../../web-client/package.json', import.meta.url))('@automerge/automerge');

const COMMUNITY = '410102002005';
/** With two days of work behind it the demo has one phone number that two people wrote down differently. */
const DAYS = '2';

const sha256 = (...pieces) => pieces.reduce((hash, piece) => hash.update(piece), createHash('sha256')).digest();
const hex = (text) => Buffer.from(text, 'hex');

let folder;
let server;
let cookie;
/** Lines of the exported log: their text as it stands there, and read. */
let log;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'menpai-outside-'));
  server = new Server(join(folder, 'data'));
  await server.command('demo', '--days', DAYS);
  await server.start();
  const password = (await server.logins()).get('secretary');
  const answer = await desk('sessions', { method: 'POST', body: JSON.stringify({ account: 'secretary', password }) });
  assert.equal(answer.status, 200);
  cookie = answer.headers.get('set-cookie').split(';')[0];
  const { stdout } = await server.command('export', 'entries', '--community', COMMUNITY);
  log = stdout.split('\n').filter(Boolean).map((text) => ({ text, ...JSON.parse(text) }));
});

after(async () => {
  await server.stop('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

test('the automerge package finds the values, conflicts and heads of every part that the server states', { timeout: 120_000 }, async () => {
  const { conflicts } = await (await desk('conflicts')).json();
  assert.ok(conflicts.length > 0, 'the demo has a conflict');
  const digests = await stated();
  const found = [];
  for (const [part, digest] of digests) {
    const lines = log.filter(({ envelope }) => envelope.part === part && envelope.verdict === 'merged');
    const edits = lines.filter(({ envelope }) => envelope.derived);
    const answer = await desk(`export/registry?part=${encodeURIComponent(part)}`);
    if (edits.length === 0) {
      assert.equal(answer.status, 404, part);
      continue;
    }
    assert.equal(answer.status, 200, part);
    assert.equal(answer.headers.get('content-type'), 'application/octet-stream');
    assert.match(answer.headers.get('content-disposition'), /filename="menpai-registry-[0-9a-z-]+-(open|care)\.automerge"/);
    const document = automerge.load(new Uint8Array(await answer.arrayBuffer()));
    assert.equal(`${document.community} ${document.part} ${document.epoch}`, `${COMMUNITY} ${part} 1`);

    const heads = automerge.getHeads(document).toSorted();
    assert.deepEqual(heads, headsOf(edits), part);
    assert.equal(answer.headers.get('etag'), `W/"${sha256(hex(heads.join(''))).toString('hex')}"`);

    const values = valuesOf(document);
    const records = lines.filter(({ envelope }) => !envelope.derived).map((line) => `record ${line.envelope.entry} ${line.sha256}`);
    const held = values.flatMap(({ type, id, field, distinct }) => distinct.map((value) => `value ${type} ${id} ${field} ${value}`));
    const sorted = [...records, ...held].map((line) => Buffer.from(`${line}\n`)).toSorted(Buffer.compare);
    assert.equal(sha256(...sorted).toString('hex'), digest, part);

    for (const { id, field, shown, distinct } of values.filter((one) => one.distinct.length > 1)) {
      found.push({ entity: id, field, shown, values: distinct.toSorted() });
    }
  }
  const told = conflicts.map(({ entity, field, values }) => ({
    entity,
    field,
    shown: JSON.stringify(values.find((one) => one.shown).value),
    values: values.map(({ value }) => JSON.stringify(value)).toSorted(),
  }));
  const inOrder = (list) => list.toSorted((a, b) => (a.entity + a.field < b.entity + b.field ? -1 : 1));
  assert.deepEqual(inOrder(found), inOrder(told));
});

test('the command writes the same documents as the desk, beside the running server', { timeout: 120_000 }, async () => {
  const output = join(folder, 'documents');
  await server.command('export', 'registry', '--community', COMMUNITY, '--output', output);
  const names = await readdir(output);
  const edited = new Set(log.filter(({ envelope }) => envelope.derived).map(({ envelope }) => envelope.part));
  assert.deepEqual(names.toSorted(), [...edited].map(fileName).toSorted());
  for (const part of edited) {
    const answer = await desk(`export/registry?part=${encodeURIComponent(part)}`);
    assert.ok(Buffer.from(await answer.arrayBuffer()).equals(await readFile(join(output, fileName(part)))), part);
  }
});

test("the exported log gives every entry's hash and the server's chain again", { timeout: 120_000 }, async () => {
  const [, id, head] = /: log (\S+), chain ([0-9a-f]{64})$/m.exec(await verified());
  let chain = sha256('menpai-home-0\0', COMMUNITY, hex(id.replaceAll('-', '')));
  for (const [index, line] of log.entries()) {
    const [, envelope, entry] = /^\{"envelope":(.*?\}),"entry":(.*),"sha256":"[0-9a-f]{64}"\}$/.exec(line.text);
    assert.equal(line.envelope.lsn, index + 1);
    assert.equal(JSON.parse(envelope).lsn, index + 1);
    assert.equal(sha256(entry).toString('hex'), line.sha256);
    const number = Buffer.alloc(8);
    number.writeBigUInt64BE(BigInt(index + 1));
    chain = sha256(chain, number, sha256(envelope), hex(line.sha256));
  }
  assert.equal(chain.toString('hex'), head);
});

function desk(path, { headers = {}, ...options } = {}) {
  const all = { Origin: server.address.http, 'Content-Type': 'application/json', ...(cookie ? { Cookie: cookie } : {}), ...headers };
  return fetch(`${server.address.http}/api/v1/desk/${path}`, { ...options, headers: all });
}

/** What the running server says of its files. */
async function verified() {
  const { stdout } = await server.command('verify');
  return stdout;
}

/** Part → digest, as the server states it. */
async function stated() {
  const stdout = await verified();
  const line = new RegExp(`^${COMMUNITY} (\\S+/(?:open|care)) ([0-9a-f]{64})$`);
  const parts = stdout.split('\n').map((text) => line.exec(text)).filter(Boolean);
  assert.ok(parts.length > 4, stdout);
  return parts.map(([, part, digest]) => [part, digest]);
}

/** The changes that no later one of the log builds on. */
function headsOf(edits) {
  const heads = new Set(edits.map(({ envelope }) => envelope.derived.hash));
  for (const { envelope } of edits) {
    for (const dep of envelope.derived.deps) heads.delete(dep);
  }
  return [...heads].toSorted();
}

/** Every field of every entity: the value shown first and all distinct ones, as JSON. */
function valuesOf(document) {
  return Object.entries(document.entities).flatMap(([id, entity]) =>
    Object.keys(entity).filter((field) => field !== '_type').map((field) => {
      const all = automerge.getConflicts(entity, field) ?? { only: entity[field] };
      const distinct = [...new Set(Object.values(all).map((value) => JSON.stringify(value)))];
      return { type: entity._type, id, field, shown: JSON.stringify(entity[field]), distinct };
    }));
}

function fileName(part) {
  return `menpai-registry-${part.replace('/', '-')}.automerge`;
}
