// The derivation of sync-core/tests/golden/derivation.json, once more in wasm: the phone gets
// the lines in an answer and must come to the same heads and digests as the server.

import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';

const { Phone } = createRequire(import.meta.url)('../../target/wasm/node/menpai_core.js');
const cases = JSON.parse(await readFile(new URL('../../sync-core/tests/golden/derivation.json', import.meta.url), 'utf8'));

const community = '410102002005';
const now = '2026-11-22T18:00:00.000+08:00';

function publicKey() {
  const { publicKey: key } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { x, y } = key.export({ format: 'jwk' });
  return `04${Buffer.from(x, 'base64url').toString('hex')}${Buffer.from(y, 'base64url').toString('hex')}`;
}

function enrolled(device, log) {
  const phone = Phone.open([]);
  phone.enrol(JSON.stringify({
    token: 'none',
    worker: { id: randomUUID(), name: '郁青禾' },
    community: { code: community, name: '协作路社区' },
    home: { log, public_key: publicKey() },
    device: { id: device, name: 'golden' },
  }));
  return phone;
}

function answer(device, log, lines, cursor) {
  const empty = createHash('sha256')
    .update('menpai-log-0\0').update(community).update(Buffer.from(device.replaceAll('-', ''), 'hex')).digest('hex');
  const header = {
    menpai: 2, log, lsn: lines.length, clock: '2026-11-22T10:00:00.000Z', offset_ms: 0,
    received: { seq: 0, h: empty }, refused: null, more: false, cursor,
  };
  const text = [JSON.stringify(header), ...lines.flatMap(({ envelope, entry }) => [envelope, entry])].join('\n');
  return gzipSync(`${text}\n`);
}

for (const { name, lines, parts } of cases) {
  test(`derived in wasm: ${name}`, () => {
    const device = randomUUID();
    const log = randomUUID();
    const phone = enrolled(device, log);
    assert.equal(phone.begin_sync(now).to_sign.length, 0);
    const [header] = gunzipSync(phone.request([])).toString().split('\n');
    assert.equal(JSON.parse(header).last, 0);
    const cursor = Object.fromEntries(parts.map(({ part }) => [part, lines.length]));
    const { result, writes } = phone.receive(answer(device, log, lines, cursor), undefined);
    assert.equal(JSON.parse(result).received, lines.length);
    for (const { part, heads, digest } of parts) {
      assert.deepEqual(JSON.parse(phone.heads(part)), heads);
      assert.equal(phone.digest(part), digest);
    }
    // Opened again from what it asked to keep, it holds the same.
    const rows = writes.filter(({ value }) => value !== null).map(({ store, key, value }) => [store, key, value]);
    const enrolment = JSON.stringify({
      token: null, worker: { id: randomUUID(), name: '郁青禾' }, community: { code: community, name: '协作路社区' },
      home: { log, public_key: publicKey() }, device: { id: device, name: 'golden' },
    });
    const again = Phone.open([...rows, ['meta', 'enrolment', enrolment]]);
    for (const { part, heads, digest } of parts) {
      assert.deepEqual(JSON.parse(again.heads(part)), heads);
      assert.equal(again.digest(part), digest);
    }
  });
}
