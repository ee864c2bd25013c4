// The rows of this phone: read whole at start, written in one strict transaction at a time.
// `commit` returns only after the transaction's `complete`: that is what 已保存 means.
// A window that another one has taken over from cannot write (the generation in `keys`).

import { CORE_STORES, openDatabase, STORES, type StoreName } from './database';
import { asStorageFailure, StorageFailure } from './failure';

export type CoreRow = [store: string, key: string, value: string | Uint8Array];

/** `null` removes the row. Only `keys` holds anything but text and bytes (CryptoKey). */
export interface Write {
  store: string;
  key: string;
  value: unknown;
}

const GENERATION = 'writer_generation';
/** What a wipe leaves: packets are sealed, and colleagues' work. */
const KEPT_STORES: readonly StoreName[] = ['keys', 'packet'];
const KEPT_KEYS = [GENERATION, 'holders'];
/** A dead handle once took whole sessions down; a fresh one is tried this often. */
const ATTEMPTS = 3;
/** WebKit can drop a transaction without an event; nobody waits for ever. */
const COMMIT_TIMEOUT_MS = 20_000;

export class Store {
  private database: Promise<IDBDatabase> | null = null;
  private generation: number | null = null;
  private newerVersion = false;

  constructor(private readonly name: string) {}

  /** Marks this window as the one that writes; a window that thaws later finds a newer number. */
  async becomeWriter(): Promise<void> {
    await this.healing(async (database) => {
      const transaction = database.transaction('keys', 'readwrite', { durability: 'strict' });
      const keys = transaction.objectStore('keys');
      const before = keys.get(GENERATION);
      let next = 1;
      before.onsuccess = () => {
        next = (typeof before.result === 'number' ? before.result : 0) + 1;
        keys.put(next, GENERATION);
      };
      await completed(transaction);
      this.generation = next;
    });
  }

  async coreRows(): Promise<CoreRow[]> {
    return this.healing(async (database) => {
      const rows: CoreRow[] = [];
      const transaction = database.transaction(CORE_STORES, 'readonly');
      for (const store of CORE_STORES) {
        const keys = transaction.objectStore(store).getAllKeys();
        const values = transaction.objectStore(store).getAll();
        values.onsuccess = () => {
          keys.result.forEach((key, index) => rows.push([store, String(key), values.result[index]]));
        };
      }
      await completed(transaction);
      return rows;
    });
  }

  async get<T>(store: StoreName, key: string): Promise<T | undefined> {
    return this.healing(async (database) => {
      const transaction = database.transaction(store, 'readonly');
      const request = transaction.objectStore(store).get(key);
      await completed(transaction);
      return request.result as T | undefined;
    });
  }

  async all<T>(store: StoreName): Promise<T[]> {
    return this.healing(async (database) => {
      const transaction = database.transaction(store, 'readonly');
      const request = transaction.objectStore(store).getAll();
      await completed(transaction);
      return request.result as T[];
    });
  }

  /** All or nothing, on the flash when it returns. Repeating it is harmless: rows have explicit keys. */
  async commit(writes: Write[]): Promise<void> {
    if (writes.length === 0) return;
    await this.healing(async (database) => {
      const stores = new Set<string>(['keys', ...writes.map((write) => write.store)]);
      const transaction = database.transaction([...stores], 'readwrite', { durability: 'strict' });
      // Why we gave up ourselves; the transaction would only say that it was aborted.
      let cause: unknown = null;
      const check = transaction.objectStore('keys').get(GENERATION);
      check.onsuccess = () => {
        try {
          if (check.result !== this.generation) throw new StorageFailure('not_writer');
          for (const { store, key, value } of writes) {
            const rows = transaction.objectStore(store);
            if (value === null) rows.delete(key);
            else rows.put(value, key);
          }
        } catch (error) {
          cause = error;
          transaction.abort();
        }
      };
      await completed(transaction).catch((error: unknown) => {
        throw cause ?? error;
      });
    });
  }

  /** Everything but whose turn it is to write, who shares this phone, and what is sealed for the server goes. */
  async wipe(): Promise<void> {
    await this.healing(async (database) => {
      const transaction = database.transaction(STORES, 'readwrite', { durability: 'strict' });
      for (const store of STORES) {
        if (!KEPT_STORES.includes(store)) transaction.objectStore(store).clear();
      }
      const keys = transaction.objectStore('keys');
      const all = keys.getAllKeys();
      all.onsuccess = () => {
        for (const key of all.result) if (!KEPT_KEYS.includes(String(key))) keys.delete(key);
      };
      await completed(transaction);
    });
  }

  close(): void {
    const database = this.database;
    this.database = null;
    void database?.then((open) => open.close()).catch(() => undefined);
  }

  private async healing<T>(work: (database: IDBDatabase) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await work(await this.connection());
      } catch (error) {
        const failure = asStorageFailure(error);
        if (failure.code !== 'lost' || attempt === ATTEMPTS) throw failure;
        // Never retry on the same dead handle.
        this.close();
      }
    }
  }

  private connection(): Promise<IDBDatabase> {
    if (this.newerVersion) return Promise.reject(new StorageFailure('newer_version'));
    if (!this.database) {
      const opening: Promise<IDBDatabase> = openDatabase(this.name, (why) => {
        if (why === 'newer_version') this.newerVersion = true;
        if (this.database === opening) this.database = null;
      });
      this.database = opening;
      opening.catch(() => {
        if (this.database === opening) this.database = null;
      });
    }
    return this.database;
  }
}

function completed(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new StorageFailure('lost', 'the transaction did not end'));
    }, COMMIT_TIMEOUT_MS);
    transaction.oncomplete = () => {
      clearTimeout(timer);
      resolve();
    };
    transaction.onabort = () => {
      clearTimeout(timer);
      reject(transaction.error ?? new StorageFailure('unavailable', 'the transaction was aborted'));
    };
  });
}
