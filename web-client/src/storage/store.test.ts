// The rows of this phone: all or nothing, one writer, and a dead connection is healed.

import 'fake-indexeddb/auto';
import { beforeEach, describe, expect, it } from 'vitest';
import { asStorageFailure, StorageFailure } from './failure';
import { Store } from './store';

let name = '';
let count = 0;

beforeEach(() => {
  name = `menpai-test-${(count += 1)}`;
});

async function writer(): Promise<Store> {
  const store = new Store(name);
  await store.becomeWriter();
  return store;
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
    const rows = await new Store(name).coreRows();
    expect(rows).toEqual([
      ['log', '1', 'entry'],
      ['document', 'grid/open', new Uint8Array([1, 2])],
    ]);
  });

  it('removes a row that is written as null', async () => {
    const store = await writer();
    await store.commit([{ store: 'line', key: '1', value: 'x' }]);
    await store.commit([{ store: 'line', key: '1', value: null }]);
    expect(await store.coreRows()).toEqual([]);
  });

  it('writes all rows of a change or none', async () => {
    const store = await writer();
    const bad = { store: 'log', key: '2', value: () => 'a function cannot be stored' };
    await expect(store.commit([{ store: 'log', key: '1', value: 'x' }, bad])).rejects.toBeInstanceOf(StorageFailure);
    expect(await store.coreRows()).toEqual([]);
  });

  it('refuses to write once another window has taken over', async () => {
    const old = await writer();
    const taker = await writer();
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
