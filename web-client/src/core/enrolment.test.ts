// Coming in with a code: what is asked of the server, with which key, and what is done where it says no. Nothing on
// the phone changes before it says yes.

import 'fake-indexeddb/auto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Store } from '../storage/store';
import { deviceKey } from './device-key';
import { askIn, come } from './enrolment';

const HOME = '04' + '11'.repeat(64);
const INVITED = { worker: { id: 'w1', name: '刘敏' }, community: { code: '410102002005', name: '协作路社区' } };
const BEGUN = { ...INVITED, nonce: '02'.repeat(32), home: { public_key: HOME } };

let store: Store;
let other: Store;
let asked: { step: string; body: Record<string, unknown> }[];
let count = 0;

/** A server that answers each step in turn. */
function serve(answers: Record<string, object[]>): void {
  vi.stubGlobal('fetch', (path: string, { body }: { body: string }) => {
    const step = path.split('/').at(-1) ?? '';
    asked.push({ step, body: JSON.parse(body) as Record<string, unknown> });
    const answer = answers[step]?.shift() ?? {};
    const headers = { 'Content-Type': 'application/json' };
    const status = 'status' in answer ? (answer.status as number) : 200;
    return Promise.resolve(new Response(JSON.stringify(answer), { status, headers }));
  });
}

const refusal = (status: number, code: string) => ({ status, code, message: code, next: '' });
const coming = () =>
  come('482913067', 'zh', () => Promise.resolve({ database: 'one', store }), () => Promise.resolve({ database: 'two', store: other }));

beforeEach(async () => {
  asked = [];
  vi.stubGlobal('navigator', { userAgent: 'Mozilla/5.0 (Linux; Android 13; 22120RN86C) Chrome/120' });
  [store, other] = [new Store(`enrolment-test-${(count += 1)}`), new Store(`enrolment-test-${(count += 1)}`)];
  await store.becomeWriter();
  await other.becomeWriter();
});

afterEach(() => void vi.unstubAllGlobals());

describe('a phone that comes with a code', () => {
  it('commits itself, shows its key, and waits until somebody has compared', async () => {
    const confirmed = { state: 'confirmed', ...INVITED, home: { public_key: HOME } };
    serve({ look: [INVITED], begin: [BEGUN], show: [{ state: 'shown' }, refusal(502, 'x'), confirmed] });
    const came = await coming();
    if ('outcome' in came) throw new Error(came.outcome);
    expect(came.digits).toMatch(/^\d{6}$/);
    expect(asked.map(({ step }) => step)).toEqual(['look', 'begin']);
    expect(asked[1]?.body).not.toHaveProperty('public_key');
    expect(await askIn(came, 'zh')).toBeNull();
    expect(await askIn(came, 'zh'), 'the server was away for a moment').toBeNull();
    const enrolled = await askIn(came, 'zh');
    expect(enrolled).toHaveProperty('enrolment');
    const key = await deviceKey(store);
    expect(asked.at(-1)?.body['device']).toMatchObject({ id: key.id, public_key: key.public_key, replaces: null });
  });

  it('comes with a new key where its device was stopped, and says whose place it takes', async () => {
    const before = await deviceKey(store);
    serve({ look: [INVITED], begin: [refusal(409, 'device_stopped'), BEGUN], show: [{ state: 'shown' }] });
    const came = await coming();
    if ('outcome' in came) throw new Error(came.outcome);
    expect(came.replaces).toBe(before.id);
    expect(came.key.id).not.toBe(before.id);
    expect((await deviceKey(store)).id, 'nothing has changed yet').toBe(before.id);
  });

  it('comes from a database of its own where the device is somebody else\'s', async () => {
    serve({ look: [INVITED], begin: [refusal(403, 'wrong_device'), BEGUN] });
    const came = await coming();
    if ('outcome' in came) throw new Error(came.outcome);
    expect(came.place.store).toBe(other);
    expect(came.key.id).toBe((await deviceKey(other)).id);
  });

  it('uses nothing up where the code is none, and believes no portal', async () => {
    serve({ look: [refusal(404, 'no_invitation'), { portal: true }] });
    expect(await coming()).toMatchObject({ outcome: 'refused', code: 'no_invitation' });
    expect(await coming()).toEqual({ outcome: 'stranger' });
    expect(asked.map(({ step }) => step)).toEqual(['look', 'look']);
  });

  it('is told that the office said no', async () => {
    serve({ look: [INVITED], begin: [BEGUN], show: [refusal(410, 'enrolment_refused')] });
    const came = await coming();
    if ('outcome' in came) throw new Error(came.outcome);
    expect(await askIn(came, 'zh')).toMatchObject({ outcome: 'refused', code: 'enrolment_refused' });
  });
});
