// A phone that changes hands: each worker's rows stay apart, and what the one before had not sent is sent with
// their own key.

import 'fake-indexeddb/auto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Store } from '../storage/store';
import { deviceKey } from './device-key';
import { keepingModule } from './fake-phone.test-helper';
import { Holders } from './holders';
import { Host } from './host';
import { lockState, provisional } from './lock';
import { waiting } from './outbox';

const COMMUNITY = '410102002005';

let name: string;
let first: Store;
let holders: Holders;
let count = 0;

beforeEach(async () => {
  name = `holders-test-${(count += 1)}`;
  first = new Store(name);
  await first.becomeWriter();
  holders = new Holders({ name, store: first });
  await holders.load();
});

afterEach(() => void vi.unstubAllGlobals());

/** Somebody is enrolled, as the worker does it; whoever was before is shut out. */
async function signIn(account: string, current: Store, takenBy: string | null, unsent: number): Promise<Store> {
  const { database, store } = await holders.storeFor(account, current, takenBy);
  await deviceKey(store);
  const { vault, writes } = await provisional(COMMUNITY);
  if ((await lockState(store)).standing === 'none') {
    current.vault = null;
    store.vault = vault;
    await store.commit(writes);
  }
  await holders.handOver(database, account, unsent);
  return store;
}

async function record(store: Store): Promise<void> {
  const host = new Host(keepingModule, store);
  await host.open();
  await host.change((phone) => phone.record('"王桂芳"', '', new Uint8Array()));
}

const taken = () => new Response('{"arrived":"2026-11-24T09:00:00.000Z"}', { headers: { 'Content-Type': 'application/json' } });

describe('a phone that changes hands', () => {
  it('keeps the rows and keys of each worker apart, and finds them again', async () => {
    const liu = await signIn('liu', first, null, 0);
    expect(liu).toBe(first);
    await record(liu);
    const chen = await signIn('chen', liu, 'worker of liu', 1);
    expect(chen).not.toBe(first);
    expect(await chen.coreRows()).toEqual([]);
    expect((await deviceKey(chen)).id).not.toBe((await deviceKey(liu)).id);
    expect(holders.unsent()).toBe(1);
    await expect(liu.coreRows()).rejects.toMatchObject({ code: 'locked' });

    const again = new Holders({ name, store: first });
    const current = await again.load();
    expect((await deviceKey(current)).id).toBe((await deviceKey(chen)).id);
    expect([again.current(), again.unsent()]).toEqual(['chen', 1]);
    const back = await again.storeFor('liu', current, 'worker of chen');
    expect(back.store).toBe(first);
  });

  it('sends what the one before left, sealed, signed by their own key, once', async () => {
    const liu = await signIn('liu', first, null, 0);
    await record(liu);
    await signIn('chen', liu, 'worker of liu', 1);
    const fetched = vi.fn().mockImplementation(async () => taken());
    vi.stubGlobal('fetch', fetched);
    await holders.sendLeft(keepingModule, 'zh');
    expect(fetched.mock.calls.map(([path]) => path)).toEqual(['/api/v1/courier']);
    const own = (await deviceKey(liu)).id.replaceAll('-', '');
    const said = String(fetched.mock.calls[0]?.[1].headers.Authorization).split(/[ .]/)[1] ?? '';
    expect(Buffer.from(said, 'base64url').toString('hex')).toBe(own);
    expect(new TextDecoder().decode(fetched.mock.calls[0]?.[1].body)).not.toContain('王桂芳');
    expect(holders.unsent()).toBe(0);
    await holders.sendLeft(keepingModule, 'zh');
    expect(fetched).toHaveBeenCalledTimes(1);
  });

  it('keeps it while there is no network, or until they come again', async () => {
    const liu = await signIn('liu', first, null, 0);
    await record(liu);
    const chen = await signIn('chen', liu, 'worker of liu', 1);
    const fetched = vi.fn().mockRejectedValueOnce(new TypeError('no network')).mockImplementation(
      async () => new Response('{"code":"not_signed_in","message":"m","next":"n"}', { status: 401, headers: { 'Content-Type': 'application/json' } }),
    );
    vi.stubGlobal('fetch', fetched);
    for (let round = 0; round < 3; round += 1) await holders.sendLeft(keepingModule, 'zh');
    expect(fetched).toHaveBeenCalledTimes(2);
    expect(holders.unsent()).toBe(1);
    const back = await signIn('liu', chen, 'worker of chen', 0);
    expect(await waiting(back)).toBe(1);
    expect(holders.unsent()).toBe(0);
  });

  it('lets somebody come back while what they left is being sent', async () => {
    const liu = await signIn('liu', first, null, 0);
    const chen = await signIn('chen', liu, 'worker of liu', 0);
    await record(chen);
    await signIn('liu', chen, 'worker of chen', 1);
    chen.vault = null;
    const { store: waits } = await holders.storeFor('chen', liu, 'worker of liu');
    vi.stubGlobal('fetch', vi.fn().mockImplementation(async () => taken()));
    await holders.sendLeft(keepingModule, 'zh');
    await waits.commit([{ store: 'keys', key: 'session', value: { expired: false } }]);
    expect(await waiting(waits)).toBe(0);
  });

  it('seals what somebody left before there were PINs, and what could be read of it goes', async () => {
    const liu = await signIn('liu', first, null, 0);
    await record(liu);
    await signIn('chen', liu, 'worker of liu', 1);
    // As it lay there then.
    const database = await (liu as unknown as { connection(): Promise<IDBDatabase> }).connection();
    const transaction = database.transaction(['keys', 'log', 'outbox'], 'readwrite');
    transaction.objectStore('keys').delete('lock');
    transaction.objectStore('outbox').clear();
    transaction.objectStore('log').put('"王桂芳"', '000000000001');
    await new Promise<void>((resolve) => (transaction.oncomplete = () => resolve()));
    vi.stubGlobal('fetch', vi.fn().mockRejectedValue(new TypeError('no network')));
    await holders.sendLeft(keepingModule, 'zh');
    expect(await liu.hasData()).toBe(false);
    expect([await waiting(liu), holders.unsent()]).toEqual([1, 1]);
    expect((await lockState(liu)).standing).toBe('gone');
  });
});
