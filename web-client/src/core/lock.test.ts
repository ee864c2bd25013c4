// What opens a phone's records, and what does not: the right PIN, few tries, the lease, the clock; and that being
// killed in the middle of sealing loses nothing.

import 'fake-indexeddb/auto';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { StorageFailure } from '../storage/failure';
import { Store } from '../storage/store';
import { changePin, choosePin, forgetLease, forgetLeaseIfOver, lockState, openWith, provisional, takeLease, throwKeyAway } from './lock';

const COMMUNITY = '410102002005';
const PIN = '283746';
const HOUR = 3_600_000;
const START = Date.parse('2026-11-24T09:00:00+08:00');
const lease = (fill: number) => ({ lease: new Uint8Array(32).fill(fill) as Uint8Array<ArrayBuffer>, home_at: START, hours: 72 });

let store: Store;
let count = 0;

beforeEach(async () => {
  store = new Store(`lock-test-${(count += 1)}`);
  await store.becomeWriter();
});

/** Enrolled, with a row, and a PIN chosen; then the app was closed. */
async function closed(): Promise<void> {
  const { vault, writes } = await provisional(COMMUNITY);
  store.vault = vault;
  await store.commit([...writes, { store: 'log', key: '1', value: '王桂芳' }]);
  expect((await lockState(store)).standing).toBe('no_pin');
  await choosePin(store, COMMUNITY, PIN);
  store.vault = null;
}

async function opens(pin = PIN, now = START): Promise<string> {
  const opening = await openWith(store, pin, now);
  if (opening.outcome !== 'opened') return opening.outcome;
  store.vault = opening.vault;
  expect(await store.coreRows()).toEqual([['log', '1', '王桂芳']]);
  store.vault = null;
  return 'opened';
}

describe('the lock', { timeout: 60_000 }, () => {
  it('opens with the PIN that was chosen', async () => {
    expect((await lockState(store)).standing).toBe('none');
    await closed();
    expect(await lockState(store)).toMatchObject({ standing: 'pin', tries_left: 5, community: COMMUNITY });
    expect(await opens()).toBe('opened');
  });

  it('counts wrong tries before they are tried, waits, and after five there is nothing to open', async () => {
    await closed();
    expect(await opens('283745')).toBe('wrong');
    expect(await opens('283744')).toBe('wrong');
    expect(await opens()).toBe('opened');
    expect((await lockState(store)).tries_left, 'the right one begins anew').toBe(5);
    for (const pin of ['111119', '111118', '111117']) expect(await opens(pin)).toBe('wrong');
    expect(await opens(), 'not even the right one').toBe('wait');
    expect(await opens('111116', START + 61_000)).toBe('wrong');
    expect(await opens('111115', START + 100_000)).toBe('wait');
    expect(await opens('111115', START + 400_000)).toBe('gone');
    expect(await lockState(store, START + 400_000)).toMatchObject({ standing: 'gone' });
    expect(await opens(PIN, START + 9 * HOUR)).toBe('gone');
    await expect(store.coreRows()).rejects.toMatchObject({ code: 'locked' });
  });

  it('is opened by another PIN once it was changed, and by the old one no more', async () => {
    await closed();
    await takeLease(store, lease(1), START);
    expect(await changePin(store, '000001', '591373', START)).toBe('wrong');
    expect(await changePin(store, PIN, '591373', START)).toBe('opened');
    expect(await opens()).toBe('wrong');
    expect(await opens('591373')).toBe('opened');
  });

  it('shuts when the lease runs out, and only the same lease opens it again', async () => {
    await closed();
    await takeLease(store, lease(1), START);
    expect(await opens(PIN, START + 72 * HOUR)).toBe('opened');
    expect(await opens(PIN, START + 73 * HOUR)).toBe('lease');
    await forgetLeaseIfOver(store, START + 73 * HOUR);
    expect((await lockState(store, START)).standing, 'setting the clock back does not bring it back').toBe('lease');
    await takeLease(store, lease(2), START + 74 * HOUR);
    expect(await opens(PIN, START + 74 * HOUR), 'not with another').toBe('lease');
    await takeLease(store, lease(1), START + 75 * HOUR);
    expect(await opens(PIN, START + 75 * HOUR)).toBe('opened');
  });

  it('wants a contact again of who comes back to a shared phone', async () => {
    await closed();
    await takeLease(store, lease(1), START);
    await forgetLease(store);
    expect(await opens(PIN, START)).toBe('lease');
    await takeLease(store, lease(1), START + HOUR);
    expect(await opens(PIN, START + HOUR)).toBe('opened');
  });

  it('shuts when the clock stands before what both clocks showed, and not when one of them was wrong', async () => {
    await closed();
    await takeLease(store, lease(1), START);
    expect((await lockState(store, START - HOUR)).standing).toBe('lease');
    expect((await lockState(store, START - 60_000)).standing).toBe('pin');
    // The phone's clock was a day ahead as the lease came, and is right now.
    await takeLease(store, lease(1), START + 24 * HOUR);
    expect((await lockState(store, START + HOUR)).standing).toBe('pin');
  });

  it('takes another lease while it has one: the phone became another device', async () => {
    await closed();
    await takeLease(store, lease(1), START);
    await takeLease(store, lease(2), START + HOUR);
    expect(await opens(PIN, START + 2 * HOUR)).toBe('opened');
    await forgetLeaseIfOver(store, START + 99 * HOUR);
    await takeLease(store, lease(2), START + 99 * HOUR);
    expect(await opens(PIN, START + 99 * HOUR)).toBe('opened');
  });

  it('does not depend on a lease before there is one', async () => {
    await closed();
    expect(await opens(PIN, START + 999 * HOUR)).toBe('opened');
  });

  it('throws the key away when told to', async () => {
    await closed();
    await throwKeyAway(store);
    expect(await opens()).toBe('gone');
    await takeLease(store, lease(1), START);
    expect((await lockState(store)).standing).toBe('gone');
  });
});

describe('rows of before there was a PIN', { timeout: 60_000 }, () => {
  const original = IDBObjectStore.prototype.put;
  const rows = Array.from({ length: 50 }, (_, n) => ({ store: n % 2 ? 'log' : 'meta', key: String(n), value: `王桂芳 ${n}` }));

  async function plain(): Promise<void> {
    const database = await (store as unknown as { connection(): Promise<IDBDatabase> }).connection();
    const transaction = database.transaction(['log', 'meta'], 'readwrite');
    for (const { store: name, key, value } of rows) transaction.objectStore(name).put(value, key);
    await new Promise<void>((resolve) => (transaction.oncomplete = () => resolve()));
  }

  it('are all sealed at once, and still say what they said', async () => {
    await plain();
    expect(await store.hasData()).toBe(true);
    const before = await store.coreRows();
    await choosePin(store, COMMUNITY, PIN);
    expect(await store.coreRows()).toEqual(before);
    store.vault = null;
    await expect(store.coreRows()).rejects.toMatchObject({ code: 'locked' });
    const opening = await openWith(store, PIN);
    store.vault = 'vault' in opening ? opening.vault : null;
    expect(await store.coreRows()).toEqual(before);
  });

  it('are as they were where that is broken off', async () => {
    await plain();
    const before = await store.coreRows();
    const put = vi.spyOn(IDBObjectStore.prototype, 'put');
    let puts = 0;
    put.mockImplementation(function (this: IDBObjectStore, ...args: Parameters<IDBObjectStore['put']>) {
      puts += 1;
      if (puts === 30) throw new DOMException('killed', 'QuotaExceededError');
      return Reflect.apply(original, this, args) as IDBRequest<IDBValidKey>;
    });
    await expect(choosePin(store, COMMUNITY, PIN)).rejects.toBeInstanceOf(StorageFailure);
    put.mockRestore();
    expect(store.vault).toBeNull();
    const again = new Store(`lock-test-${count}`);
    await again.becomeWriter();
    expect(await again.coreRows()).toEqual(before);
    expect((await lockState(again)).standing).toBe('none');
    await choosePin(again, COMMUNITY, PIN);
    expect(await again.coreRows()).toEqual(before);
  });
});
