// A request is signed as the server reads it (server/src/auth/signed_request.rs), never twice alike, and anew by the
// server's clock where it says that this phone's is off.

import 'fake-indexeddb/auto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Store } from '../storage/store';
import { identity } from './fake-phone.test-helper';
import { ask } from './server';
import { type Identity, authorise } from './signed-request';
import { CURVE, verify } from './signature';

let by: Identity;
let count = 0;

beforeEach(async () => {
  const store = new Store(`signed-request-test-${(count += 1)}`);
  await store.becomeWriter();
  by = await identity(store);
});

afterEach(() => void vi.unstubAllGlobals());

const parts = (text: string) => text.replace('Menpai ', '').split('.');
const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'base64url'));
const json = (value: unknown, status: number) => new Response(JSON.stringify(value), { status, headers: { 'Content-Type': 'application/json' } });
const asks = () => ask({ path: '/p', method: 'POST', language: 'zh', by, body: '{}', expects: 'application/json' });

describe('a signed request', () => {
  it('is over phone, community, time, body, method and path', async () => {
    const text = await authorise(by, 'POST', '/api/v1/sync?a=1', new TextEncoder().encode('body'));
    const [device = '', time = '', nonce = '', content = '', signature = ''] = parts(text);
    expect(Buffer.from(device, 'base64url').toString('hex')).toBe(by.key.id.replaceAll('-', ''));
    expect(Math.abs(Number(time) - Date.now())).toBeLessThan(5_000);
    const at = new Uint8Array(8);
    new DataView(at.buffer).setBigInt64(0, BigInt(time));
    const said = [Buffer.from('menpai-request-1\x00' + '410102002005'), bytes(device), at, bytes(nonce), bytes(content), Buffer.from('POST /api/v1/sync?a=1')];
    const key = await crypto.subtle.importKey('raw', Buffer.from(by.key.public_key, 'hex'), CURVE, false, ['verify']);
    expect(await verify(key, bytes(signature), new Uint8Array(Buffer.concat(said)))).toBe(true);
    expect(await authorise(by, 'POST', '/api/v1/sync?a=1', null)).not.toContain(nonce);
  });

  it('is signed anew by the server\'s clock, once', async () => {
    const year = 365 * 24 * 3_600_000;
    const fetched = vi.fn().mockImplementation(async () => json({ code: 'clock_off', message: '', next: '', details: { now_ms: Date.now() + year } }, 401));
    vi.stubGlobal('fetch', fetched);
    expect(await asks()).toMatchObject({ kind: 'error', error: { code: 'clock_off' } });
    expect(fetched).toHaveBeenCalledTimes(2);
    const time = Number(parts(String(fetched.mock.calls[1]?.[1].headers.Authorization))[1]);
    expect(Math.abs(time - Date.now() - year)).toBeLessThan(5_000);
    fetched.mockImplementationOnce(async () => json({}, 200));
    expect(await asks()).toMatchObject({ kind: 'body' });
    expect(fetched, 'it knows by now').toHaveBeenCalledTimes(3);
  });

  it('is signed anew where something on the way sent it twice, and believes no portal about the time', async () => {
    const answers = [json({ code: 'request_repeated', message: '', next: '', details: {} }, 409), json({}, 200), new Response('<html>', { status: 401 })];
    const fetched = vi.fn().mockImplementation(async () => answers.shift());
    vi.stubGlobal('fetch', fetched);
    expect(await asks()).toMatchObject({ kind: 'body' });
    const [one, two] = fetched.mock.calls.map(([, { headers }]) => parts(String(headers.Authorization))[2]);
    expect(one).not.toBe(two);
    expect(await asks()).toEqual({ kind: 'stranger' });
    expect(by.clock.offset_ms).toBe(0);
  });
});
