// The rows of this phone: all or nothing, one writer, and a dead connection is healed.

import 'fake-indexeddb/auto';
import { beforeEach, describe, expect, it } from 'vitest';
import { SEALED_STORES } from './database';
import { asStorageFailure, StorageFailure } from './failure';
import { Store } from './store';
import { newVault } from './vault.test-helper';

let name = '';
let count = 0;

beforeEach(() => {
  name = `menpai-test-${(count += 1)}`;
});

async function writer(): Promise<Store> {
  const store = new Store(name);
  await store.becomeWriter();
  store.vault = await newVault();
  return store;
}

/** What lies there, whoever reads it. */
async function rawRows(): Promise<unknown[]> {
  const database = await new Promise<IDBDatabase>((resolve) => {
    const opening = indexedDB.open(name);
    opening.onsuccess = () => resolve(opening.result);
  });
  const rows: unknown[] = [];
  const transaction = database.transaction(SEALED_STORES, 'readonly');
  for (const store of SEALED_STORES) {
    const all = transaction.objectStore(store).getAll();
    all.onsuccess = () => rows.push(...all.result);
  }
  await new Promise<void>((resolve) => (transaction.oncomplete = () => resolve()));
  database.close();
  return rows;
}

describe('the store', () => {
  it('wipes all that can be read, the key too, and goes on', async () => {
    const store = await writer();
    await store.commit([
      ...['log', 'line', 'document', 'meta', 'draft'].map((of) => ({ store: of, key: '1', value: '王桂芳' })),
      { store: 'packet', key: 'p', value: { bytes: new Uint8Array([1]) } },
      { store: 'keys', key: 'device', value: { id: 'd' } },
      { store: 'keys', key: 'holders', value: { current: name } },
    ]);
    await store.wipe();
    expect(store.vault).toBeNull();
    expect(await store.coreRows()).toEqual([]);
    expect(await store.all('draft')).toEqual([]);
    expect(await store.get('keys', 'device')).toBeUndefined();
    expect(await store.get('keys', 'holders'), 'who shares the phone').toBeDefined();
    expect(await store.all('packet'), 'sealed, and a colleague\'s').toHaveLength(1);
    await store.commit([{ store: 'keys', key: 'wiped', value: true }]);
  });

  it('gives back every row of the core, and none of the worker', async () => {
    const store = await writer();
    await store.commit([
      { store: 'log', key: '1', value: 'entry' },
      { store: 'document', key: 'grid/open', value: new Uint8Array([1, 2]) },
      { store: 'draft', key: 'd', value: { any: 'thing' } },
      { store: 'keys', key: 'session', value: { token: 't' } },
    ]);
    const rows = await store.coreRows();
    expect(rows).toEqual([
      ['log', '1', 'entry'],
      ['document', 'grid/open', new Uint8Array([1, 2])],
    ]);
  });

  it('stores nothing that can be read without the key, and gives nothing out', async () => {
    const store = await writer();
    const bytes = new TextEncoder().encode('文化路9号院 王桂芳');
    await store.commit([
      { store: 'log', key: '1', value: '王桂芳' },
      { store: 'document', key: 'grid/open', value: bytes },
      { store: 'draft', key: 'd', value: { name: '王桂芳', body: { phone: '19900009001' } } },
    ]);
    expect(await store.get('draft', 'd')).toEqual({ name: '王桂芳', body: { phone: '19900009001' } });
    const raw = await rawRows();
    expect(raw).toHaveLength(3);
    for (const value of raw) {
      expect(value).toBeInstanceOf(ArrayBuffer);
      const text = new TextDecoder().decode(value as ArrayBuffer);
      for (const said of ['王桂芳', '文化路', '19900009001', 'phone']) expect(text).not.toContain(said);
    }
    store.vault = null;
    for (const reading of [() => store.coreRows(), () => store.get('draft', 'd'), () => store.all('draft')]) {
      await expect(reading()).rejects.toMatchObject({ code: 'locked' });
    }
    await expect(store.commit([{ store: 'log', key: '2', value: 'x' }])).rejects.toMatchObject({ code: 'locked' });
  });

  it('opens a row with its own key and in its own place only', async () => {
    const store = await writer();
    await store.commit([{ store: 'log', key: '1', value: 'x' }, { store: 'log', key: '2', value: 'y' }]);
    const right = store.vault;
    store.vault = await newVault();
    await expect(store.coreRows()).rejects.toMatchObject({ code: 'unavailable' });
    store.vault = right;
    const database = await (store as unknown as { database: Promise<IDBDatabase> }).database;
    await new Promise<void>((resolve) => {
      const transaction = database.transaction('log', 'readwrite');
      const log = transaction.objectStore('log');
      const first = log.get('1');
      first.onsuccess = () => log.put(first.result, '2');
      transaction.oncomplete = () => resolve();
    });
    await expect(store.get('log', '2')).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('removes a row that is written as null', async () => {
    const store = await writer();
    await store.commit([{ store: 'line', key: '1', value: 'x' }]);
    await store.commit([{ store: 'line', key: '1', value: null }]);
    expect(await store.coreRows()).toEqual([]);
  });

  it('writes all rows of a change or none', async () => {
    const store = await writer();
    const bad = { store: 'keys', key: '2', value: () => 'a function cannot be stored' };
    await expect(store.commit([{ store: 'log', key: '1', value: 'x' }, bad])).rejects.toBeInstanceOf(StorageFailure);
    expect(await store.coreRows()).toEqual([]);
  });

  it('refuses to write once another window has taken over', async () => {
    const old = await writer();
    const taker = await writer();
    taker.vault = old.vault;
    await expect(old.commit([{ store: 'log', key: '1', value: 'x' }])).rejects.toMatchObject({ code: 'not_writer' });
    await taker.commit([{ store: 'log', key: '1', value: 'y' }]);
    expect(await taker.coreRows()).toEqual([['log', '1', 'y']]);
  });

  it('goes on with a new connection when the old one is dead', async () => {
    const store = await writer();
    const dead = await (store as unknown as { database: Promise<IDBDatabase> }).database;
    dead.close();
    await store.commit([{ store: 'log', key: '1', value: 'x' }]);
    expect(await store.coreRows()).toEqual([['log', '1', 'x']]);
  });

  it('steps aside for a newer version instead of blocking it', async () => {
    const store = await writer();
    await new Promise<void>((resolve, reject) => {
      const newer = indexedDB.open(name, 99);
      newer.onsuccess = () => resolve();
      newer.onerror = () => reject(newer.error);
      newer.onblocked = () => reject(new Error('blocked'));
    });
    await expect(store.commit([{ store: 'log', key: '1', value: 'x' }])).rejects.toMatchObject({ code: 'newer_version' });
  });
});

describe('storage failures', () => {
  it('sorts what browsers say by what can be done about it', () => {
    const said = (name: string, message = '') => asStorageFailure(new DOMException(message, name)).code;
    expect(said('QuotaExceededError')).toBe('full');
    expect(said('UnknownError', 'Connection to Indexed Database server lost. Refresh the page to try again')).toBe('lost');
    expect(said('UnknownError', 'Internal error opening backing store for indexedDB.open.')).toBe('lost');
    expect(said('InvalidStateError', 'The database connection is closing.')).toBe('lost');
    expect(said('VersionError')).toBe('newer_version');
    expect(said('DataCloneError')).toBe('unavailable');
  });
});
