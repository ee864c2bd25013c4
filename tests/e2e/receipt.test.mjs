// A receipt, read in wasm and verified with WebCrypto as phones do: a yes counts for the very answer
// it was found in, and nothing counts without one.

import assert from 'node:assert/strict';
import { createHash, randomUUID, webcrypto } from 'node:crypto';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';

const { Phone } = createRequire(import.meta.url)('../../target/wasm/node/menpai_core.js');
const { subtle } = webcrypto;
const CURVE = { name: 'ECDSA', namedCurve: 'P-256' };
const HASHED = { name: 'ECDSA', hash: 'SHA-256' };
const community = '410102002005';
const now = '2026-11-22T18:00:00.000+08:00';
const hex = (bytes) => Buffer.from(bytes).toString('hex');
const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();

async function homeKey() {
  const pair = await subtle.generateKey(CURVE, true, ['sign', 'verify']);
  return { ...pair, public_key: hex(await subtle.exportKey('raw', pair.publicKey)) };
}

/** A phone with one record that is on its way to the home. */
function asked(home, log) {
  const device = randomUUID();
  const phone = Phone.open([]);
  phone.enrol(JSON.stringify({
    token: 'none', worker: { id: randomUUID(), name: '郁青禾' }, community: { code: community, name: '协作路社区' },
    home: { log, public_key: home.public_key }, device: { id: device, name: 'receipt' },
  }));
  const body = { dwelling_id: randomUUID(), mode: 'door', outcome: 'met' };
  const { result, writes } = phone.record(JSON.stringify({ kind: 'door_check', grid: randomUUID(), body }), now, new Uint8Array(10));
  assert.equal(JSON.parse(result).ok, true, result);
  const seq = Buffer.alloc(8);
  seq.writeBigUInt64BE(1n);
  const empty = sha256('menpai-log-0\0', community, Buffer.from(device.replaceAll('-', ''), 'hex'));
  const h = hex(sha256(empty, seq, sha256(writes[0].value)));
  assert.equal(phone.begin_sync(now).to_sign.length, 1);
  phone.request([new Uint8Array(64)]);
  return { phone, device, h };
}

async function answer(home, log, { device, h }) {
  const header = {
    menpai: 2, log, lsn: 1, clock: '2026-11-22T10:00:00.000Z', offset_ms: 0,
    received: { seq: 1, h }, more: false, cursor: {}, digests: {},
  };
  const receipt = JSON.stringify({ receipt: {
    community, device, log, lsn: 1, chain: hex(sha256('any')), first: 1, seq: 1, h,
    received: header.clock, offset_ms: 0, verdicts: [],
  } });
  const signature = await subtle.sign(HASHED, home.privateKey, Buffer.from(`menpai-receipt-1\0${receipt}`));
  return gzipSync(`${[JSON.stringify(header), receipt, JSON.stringify({ signature: hex(signature) })].join('\n')}\n`);
}

async function fits(toVerify) {
  const key = await subtle.importKey('raw', toVerify.public_key(), CURVE, false, ['verify']);
  return subtle.verify(HASHED, key, toVerify.signature(), toVerify.message());
}

test('a receipt that the home signed is believed', async () => {
  const [home, log] = [await homeKey(), randomUUID()];
  const sent = asked(home, log);
  const body = await answer(home, log, sent);
  const toVerify = sent.phone.to_verify(body);
  assert.equal(hex(toVerify.public_key()), home.public_key);
  assert.ok(await fits(toVerify));
  assert.equal(JSON.parse(sent.phone.receive(body, toVerify).result).sent, 1);
});

test('a receipt that nobody has verified, or that another home signed, is not', async () => {
  const [home, stranger, log] = [await homeKey(), await homeKey(), randomUUID()];
  const sent = asked(home, log);
  const forged = await answer(stranger, log, sent);
  assert.equal(await fits(sent.phone.to_verify(forged)), false);
  assert.throws(() => sent.phone.receive(forged, undefined), { name: 'ReceiveError' });
  assert.equal(JSON.parse(sent.phone.status()).only_here, 1);
  // What was found to fit in the true answer says nothing about the forged one.
  const body = await answer(home, log, sent);
  const yes = sent.phone.to_verify(body);
  assert.ok(await fits(yes));
  assert.throws(() => sent.phone.receive(forged, yes), { name: 'ReceiveError' });
  assert.equal(JSON.parse(sent.phone.status()).only_here, 1);
  assert.equal(JSON.parse(sent.phone.receive(body, sent.phone.to_verify(body)).result).sent, 1);
});
