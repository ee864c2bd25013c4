// Opens the one database of this installation and says when the connection dies.
// It creates stores and never deletes anything: unsent work lives here.

import { StorageFailure } from './failure';

/** The core's stores first; the others belong to the worker and never reach the core. */
export const CORE_STORES = ['log', 'line', 'document', 'meta'] as const;
/** Whatever may name somebody: sealed before it is stored. `packet` and `outbox` are sealed for the server. */
export const SEALED_STORES = [...CORE_STORES, 'draft'] as const;
export const STORES = [...SEALED_STORES, 'keys', 'packet', 'outbox'] as const;
export type StoreName = (typeof STORES)[number];
export type SealedStoreName = (typeof SEALED_STORES)[number];

/** 2: `packet`. 3: `outbox`. */
const VERSION = 3;
/** `open()` may never settle: another window blocks it, or WebKit's storage process is gone. */
const OPEN_TIMEOUT_MS = 5_000;

export function openDatabase(
  name: string,
  gone: (why: 'lost' | 'newer_version') => void,
): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    let waiting: 'lost' | 'blocked' = 'lost';
    let settled = false;
    const timer = setTimeout(() => {
      settled = true;
      reject(new StorageFailure(waiting, 'the database did not open in time'));
    }, OPEN_TIMEOUT_MS);

    const request = indexedDB.open(name, VERSION);
    request.onblocked = () => {
      waiting = 'blocked';
    };
    request.onupgradeneeded = () => {
      for (const store of STORES) {
        if (!request.result.objectStoreNames.contains(store)) request.result.createObjectStore(store);
      }
    };
    request.onerror = () => {
      clearTimeout(timer);
      settled = true;
      reject(request.error ?? new StorageFailure('unavailable'));
    };
    request.onsuccess = () => {
      const database = request.result;
      if (settled) return database.close();
      clearTimeout(timer);
      database.onclose = () => gone('lost');
      database.onversionchange = () => {
        // A newer window wants to upgrade: stepping aside loses nothing, holding on would block it.
        database.close();
        gone('newer_version');
      };
      resolve(database);
    };
  });
}
