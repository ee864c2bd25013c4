// A phone that changes hands: each worker's rows stay apart, and what the one before had not sent is sent with
// their own key.

import 'fake-indexeddb/auto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Store } from '../storage/store';
import { deviceKey } from './device-key';
import { FakePhone, fakeModule } from './fake-phone.test-helper';
import { Holders } from './holders';
import { Host } from './host';
import type { PhoneModule } from './phone';
import { Queue } from './queue';
import { keepSession } from './session';

let name: string;
let first: Store;
let holders: Holders;
let count = 0;
const queue = new Queue();
const queued = <T>(job: () => Promise<T>): Promise<T> => queue.run(job);

beforeEach(async () => {
  name = `holders-test-${(count += 1)}`;
  first = new Store(name);
  await first.becomeWriter();
  holders = new Holders({ name, store: first });
  await holders.load();
});

afterEach(() => void vi.unstubAllGlobals());

/** Somebody signs in, as the worker does it. */
async function signIn(account: string, current: Store, takenBy: string | null, unsent: number): Promise<Store> {
  const { database, store } = await holders.storeFor(account, current, takenBy);
  await deviceKey(store);
  await store.commit([keepSession({ expired: false })]);
  await holders.handOver(database, account, unsent);
  return store;
}

async function record(store: Store): Promise<void> {
  const host = new Host(fakeModule(), store);
  await host.open();
  await host.change((phone) => phone.record('"x"', '', new Uint8Array()));
}

const gzip = () => new Response(new Uint8Array([0x1f, 0x8b, 8]), { headers: { 'Content-Type': 'application/gzip' } });
/** A core whose entries are all sent by one contact. */
const sends: PhoneModule = {
  kinds: () => '[]',
  open(rows) {
    const phone = new FakePhone(rows);
    phone.receive = () => {
      phone.log.length = 0;
      return { result: '{"more":false,"sent":1,"received":0}', writes: [] };
    };
    return phone;
  },
};

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

    const again = new Holders({ name, store: first });
    const current = await again.load();
    expect((await deviceKey(current)).id).toBe((await deviceKey(chen)).id);
    expect(again.unsent()).toBe(1);
    const back = await again.storeFor('liu', current, 'worker of chen');
    expect(await back.store.coreRows()).toHaveLength(1);
  });

  it('sends what the one before left, signed by their own key, once', async () => {
    const liu = await signIn('liu', first, null, 0);
    await record(liu);
    await signIn('chen', liu, 'worker of liu', 1);
    const fetched = vi.fn().mockImplementation(async () => gzip());
    vi.stubGlobal('fetch', fetched);
    await holders.sendLeft(sends, 'zh', queued);
    expect(fetched.mock.calls.map(([path]) => path)).toEqual(['/api/v1/sync']);
    const own = (await deviceKey(liu)).id.replaceAll('-', '');
    const said = String(fetched.mock.calls[0]?.[1].headers.Authorization).split(/[ .]/)[1] ?? '';
    expect(Buffer.from(said, 'base64url').toString('hex')).toBe(own);
    expect(holders.unsent()).toBe(0);
    await holders.sendLeft(sends, 'zh', queued);
    expect(fetched).toHaveBeenCalledTimes(1);
  });

  it('keeps it while there is no network, or until they sign in again', async () => {
    const liu = await signIn('liu', first, null, 0);
    await record(liu);
    const chen = await signIn('chen', liu, 'worker of liu', 1);
    const fetched = vi.fn().mockRejectedValueOnce(new TypeError('no network')).mockImplementation(
      async () => new Response('{"code":"not_signed_in","message":"m","next":"n"}', { status: 401, headers: { 'Content-Type': 'application/json' } }),
    );
    vi.stubGlobal('fetch', fetched);
    for (let round = 0; round < 3; round += 1) await holders.sendLeft(sends, 'zh', queued);
    expect(fetched).toHaveBeenCalledTimes(2);
    expect(holders.unsent()).toBe(1);
    const back = await signIn('liu', chen, 'worker of chen', 0);
    expect(await back.coreRows()).toHaveLength(1);
    expect(holders.unsent()).toBe(0);
  });
});
