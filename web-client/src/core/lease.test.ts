// A lease is asked for at most hourly, believed only when it is one, and a phone that was stopped hears why it gets none.

import 'fake-indexeddb/auto';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Store } from '../storage/store';
import { newVault } from '../storage/vault.test-helper';
import { identity } from './fake-phone.test-helper';
import { renewLease } from './lease';
import { choosePin, leaseCame, lockState } from './lock';
import type { Identity } from './signed-request';

let store: Store;
let by: Identity;
let count = 0;

beforeEach(async () => {
  store = new Store(`lease-test-${(count += 1)}`);
  await store.becomeWriter();
  store.vault = await newVault();
  await choosePin(store, '410102002005', '283746');
  by = await identity(store);
});

afterEach(() => void vi.unstubAllGlobals());

function answers(body: unknown, headers: Record<string, string> = {}) {
  const fetched = vi.fn().mockImplementation(async () => new Response(JSON.stringify(body), { headers: { 'Content-Type': 'application/json', ...headers } }));
  vi.stubGlobal('fetch', fetched);
  return fetched;
}

const plainly = <T>(job: () => Promise<T>) => job();
const LEASE = { lease: 'ab'.repeat(32), hours: 72, clock: '2026-11-24T01:00:00.000Z' };

it('comes, and is not asked for again within the hour', async () => {
  const fetched = answers(LEASE);
  const now = Date.parse(LEASE.clock);
  expect(await renewLease(store, by, 'zh', plainly, undefined, now)).toEqual({ outcome: 'renewed' });
  expect(await leaseCame(store)).toBe(now);
  expect(await renewLease(store, by, 'zh', plainly, undefined, now + 3_500_000)).toEqual({ outcome: 'fresh' });
  expect(await renewLease(store, by, 'zh', plainly, undefined, now + 3_700_000)).toEqual({ outcome: 'renewed' });
  expect(fetched).toHaveBeenCalledTimes(2);
  expect((await lockState(store, now + 80 * 3_600_000)).standing).toBe('lease');
});

it('is nothing that a portal says', async () => {
  for (const said of [null, {}, { ...LEASE, lease: 'ab' }, { ...LEASE, hours: 0 }, { ...LEASE, clock: 'now' }]) {
    answers(said);
    expect(await renewLease(store, by, 'zh', plainly)).toEqual({ outcome: 'unanswered' });
  }
  expect(await leaseCame(store)).toBeNull();
});

it('is not given to a phone that was stopped, which hears so', async () => {
  answers({ hours: 72, clock: LEASE.clock }, { 'Menpai-Phone': 'lost' });
  expect(await renewLease(store, by, 'zh', plainly)).toEqual({ outcome: 'stopped', stopped: 'lost' });
  expect(await leaseCame(store)).toBeNull();
});
