// The rows of this phone: read whole at start, written in one strict transaction at a time.
// `commit` returns only after the transaction's `complete`: that is what 已保存 means.
// A window that another one has taken over from cannot write (the generation in `keys`).
// What may name somebody is sealed on the way in and opened on the way out, outside of any transaction, which would
// not wait for it; without the vault's key none of it is read, and none is written.

import { CORE_STORES, openDatabase, SEALED_STORES, STORES, type SealedStoreName, type StoreName } from './database';
import { asStorageFailure, StorageFailure } from './failure';
import type { Vault } from './vault';

export type CoreRow = [store: string, key: string, value: string | Uint8Array];

/** `null` removes the row. What is sealed is text, bytes or JSON; only `keys` holds anything else (CryptoKey). */
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
  /** opens what is sealed; null: nobody has opened this phone */
  vault: Vault | null = null;

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

  /** Also rows of before there was a vault, where there is none yet. */
  async coreRows(): Promise<CoreRow[]> {
    return (await this.rows(CORE_STORES)) as CoreRow[];
  }

  /** Seals everything anew, with a vault's key, and writes more in the same transaction. */
  async sealWith(vault: Vault, more: Write[]): Promise<void> {
    const before = this.vault;
    const rows = await this.rows(SEALED_STORES);
    this.vault = vault;
    try {
      await this.commit([...rows.map(([store, key, value]) => ({ store, key, value })), ...more]);
    } catch (error) {
      this.vault = before;
      throw error;
    }
  }

  /** Whether there is anything that a vault is for. */
  async hasData(): Promise<boolean> {
    return this.healing(async (database) => {
      const transaction = database.transaction(SEALED_STORES, 'readonly');
      const counts = SEALED_STORES.map((store) => transaction.objectStore(store).count());
      await completed(transaction);
      return counts.some(({ result }) => result > 0);
    });
  }

  async get<T>(store: StoreName, key: string): Promise<T | undefined> {
    const value = await this.healing(async (database) => {
      const transaction = database.transaction(store, 'readonly');
      const request = transaction.objectStore(store).get(key);
      await completed(transaction);
      return request.result as unknown;
    });
    return (await this.opened(store, key, value)) as T | undefined;
  }

  async all<T>(store: StoreName): Promise<T[]> {
    return (await this.rows([store])).map(([, , value]) => value as T);
  }

  /** All or nothing, on the flash when it returns. Repeating it is harmless: rows have explicit keys. */
  async commit(writes: Write[]): Promise<void> {
    if (writes.length === 0) return;
    const sealed = await Promise.all(writes.map((write) => this.sealed(write)));
    await this.healing(async (database) => {
      const stores = new Set<string>(['keys', ...sealed.map((write) => write.store)]);
      const transaction = database.transaction([...stores], 'readwrite', { durability: 'strict' });
      // Why we gave up ourselves; the transaction would only say that it was aborted.
      let cause: unknown = null;
      const check = transaction.objectStore('keys').get(GENERATION);
      check.onsuccess = () => {
        try {
          if (check.result !== this.generation) throw new StorageFailure('not_writer');
          for (const { store, key, value } of sealed) {
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

  /** What can be read goes, and more is written in the same transaction; what is sealed for the server stays. */
  async clear(more: Write[] = []): Promise<void> {
    await this.healing(async (database) => {
      const transaction = database.transaction(STORES, 'readwrite', { durability: 'strict' });
      for (const store of SEALED_STORES) transaction.objectStore(store).clear();
      for (const { store, key, value } of more) transaction.objectStore(store).put(value, key);
      await completed(transaction);
    });
    this.vault = null;
  }

  /**
   * Everything but whose turn it is to write, who shares this phone, and what colleagues sealed for the server goes; more
   * is written in the same transaction.
   */
  async wipe(more: Write[] = []): Promise<void> {
    await this.healing(async (database) => {
      const transaction = database.transaction(STORES, 'readwrite', { durability: 'strict' });
      for (const store of STORES) {
        if (!KEPT_STORES.includes(store)) transaction.objectStore(store).clear();
      }
      const keys = transaction.objectStore('keys');
      const all = keys.getAllKeys();
      all.onsuccess = () => {
        for (const key of all.result) if (!KEPT_KEYS.includes(String(key))) keys.delete(key);
        for (const { store, key, value } of more) transaction.objectStore(store).put(value, key);
      };
      await completed(transaction);
    });
    this.vault = null;
  }

  private async rows(stores: readonly StoreName[]): Promise<[store: StoreName, key: string, value: unknown][]> {
    const stored = await this.healing(async (database) => {
      const rows: [StoreName, string, unknown][] = [];
      const transaction = database.transaction(stores, 'readonly');
      for (const store of stores) {
        const keys = transaction.objectStore(store).getAllKeys();
        const values = transaction.objectStore(store).getAll();
        values.onsuccess = () => {
          keys.result.forEach((key, index) => rows.push([store, String(key), values.result[index]]));
        };
      }
      await completed(transaction);
      return rows;
    });
    return Promise.all(stored.map(async ([store, key, value]) => [store, key, await this.opened(store, key, value)] as [StoreName, string, unknown]));
  }

  private async sealed(write: Write): Promise<Write> {
    if (!isSealed(write.store) || write.value === null) return write;
    if (!this.vault) throw new StorageFailure('locked');
    return { ...write, value: await this.vault.seal(write.store, write.key, write.value) };
  }

  private async opened(store: StoreName, key: string, value: unknown): Promise<unknown> {
    if (!isSealed(store) || !(value instanceof ArrayBuffer)) return value;
    if (!this.vault) throw new StorageFailure('locked');
    return this.vault.open(store, key, value);
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

function isSealed(store: string): store is SealedStoreName {
  return (SEALED_STORES as readonly string[]).includes(store);
}
