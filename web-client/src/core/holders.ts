// Whose work lies on this phone. Every worker has a database of their own, with their own key, PIN and log: a
// phone that changes hands mixes nothing, and what the one before had not sent is sent under their name, sealed as
// it lies in their outbox. The list of them is one row of the first database.

import { Store, type Write } from '../storage/store';
import { loadDeviceKey } from './device-key';
import { Host } from './host';
import { goneLock, lockState } from './lock';
import { sendOutbox, waiting } from './outbox';
import type { PhoneModule } from './phone';
import type { Language } from './server';
import type { Identity } from './signed-request';
import type { PhoneStatus } from './types';

const HOLDERS_ROW = 'holders';
const ID = /^[0-9a-f-]{36}$/;

export interface Holder {
  database: string;
  /** id of the worker; null: not known, or their records there cannot be opened any more */
  account: string | null;
  /** entries that only this phone has; counted while somebody else uses it */
  unsent: number;
}

interface Stored {
  current: string;
  all: Holder[];
}

export class Holders {
  private stored: Stored;
  /** each once: two of the same database would each take the other's turn to write */
  private readonly opened = new Map<string, Promise<Store>>();
  /** whose phone the server does not know, until they are enrolled or the app starts again */
  private readonly refused = new Set<string>();

  constructor(private readonly first: { name: string; store: Store }) {
    this.stored = { current: first.name, all: [{ database: first.name, account: null, unsent: 0 }] };
  }

  async load(): Promise<Store> {
    this.stored = (await this.first.store.get<Stored>('keys', HOLDERS_ROW)) ?? this.stored;
    this.opened.clear();
    return this.open(this.stored.current);
  }

  /** Whose the current database is, as far as that is known without opening it. */
  current(): string | null {
    return this.stored.all.find(({ database }) => database === this.stored.current)?.account ?? null;
  }

  /** Who uses the phone, for when that cannot be asked; names of accounts, which once stood here, go. */
  async claim(worker: string | null): Promise<void> {
    const all = this.stored.all.map((holder) => ({
      ...holder,
      account: holder.database === this.stored.current ? worker : holder.account && ID.test(holder.account) ? holder.account : null,
    }));
    await this.keep({ ...this.stored, all });
  }

  /** The database of a worker: their own, one that is nobody's yet, or a new one. `takenBy`: whose the current is. */
  async storeFor(worker: string, current: Store, takenBy: string | null): Promise<{ database: string; store: Store }> {
    const own = this.stored.all.find((holder) => holder.account === worker);
    if (takenBy === worker || own?.database === this.stored.current || (!own && takenBy === null)) {
      return { database: this.stored.current, store: current };
    }
    return this.another(own?.database);
  }

  /** A database beside the current one. */
  async another(database = `${this.first.name}-${this.stored.all.length + 1}`): Promise<{ database: string; store: Store }> {
    return { database, store: await this.open(database) };
  }

  /** From now on this worker uses the phone; `unsent` is what the one before leaves on it. */
  async handOver(database: string, worker: string, unsent: number): Promise<void> {
    const others = this.stored.all
      .filter((holder) => holder.database !== database)
      .map((holder) => (holder.database === this.stored.current ? { ...holder, unsent } : holder))
      // What they had before, where that cannot be opened any more.
      .map((holder) => (holder.account === worker ? { ...holder, account: null } : holder));
    this.refused.delete(database);
    await this.keep({ current: database, all: [...others, { database, account: worker, unsent: 0 }] });
  }

  /** What others have left here unsent. */
  unsent(): number {
    return this.others().reduce((sum, { unsent }) => sum + unsent, 0);
  }

  /** Sends what others have left here, each signed with their own key. */
  async sendLeft(module: PhoneModule, language: Language): Promise<void> {
    for (const { database, unsent } of this.others()) {
      if (unsent === 0 || this.refused.has(database)) continue;
      const store = await this.open(database);
      try {
        const [key, community] = [await loadDeviceKey(store), await sealedOff(module, store)];
        if (!key || !community) {
          this.refused.add(database);
          continue;
        }
        const by: Identity = { key, community, clock: { offset_ms: 0 } };
        const { outcome } = await sendOutbox(store, by, language);
        if (outcome === 'not_signed_in') this.refused.add(database);
        const left = await waiting(store);
        const all = this.stored.all.map((one) => (one.database === database ? { ...one, unsent: left } : one));
        await this.keep({ ...this.stored, all });
      } catch {
        // Theirs must not stand in the way of who uses the phone now; it is tried again at the next start.
        this.refused.add(database);
      } finally {
        if (store !== this.first.store) store.close();
      }
    }
  }

  private others(): Holder[] {
    return this.stored.all.filter(({ database }) => database !== this.stored.current);
  }

  private async open(database: string): Promise<Store> {
    if (database === this.first.name) return this.first.store;
    const opening = this.opened.get(database) ?? opened(database);
    this.opened.set(database, opening);
    opening.catch(() => this.opened.delete(database));
    return opening;
  }

  private async keep(stored: Stored): Promise<void> {
    const write: Write = { store: 'keys', key: HOLDERS_ROW, value: stored };
    await this.first.store.commit([write]);
    this.stored = stored;
  }
}

async function opened(database: string): Promise<Store> {
  const store = new Store(database);
  await store.becomeWriter();
  return store;
}

/**
 * Where somebody left their records before there were PINs: what is unsent is sealed for the server, then all that
 * could be read goes. They get it again when they come back. Gives the community.
 */
async function sealedOff(module: PhoneModule, store: Store): Promise<string | null> {
  const { standing, community } = await lockState(store);
  if (standing !== 'none') return community;
  const host = new Host(module, store);
  try {
    await host.open();
    const { community: where, only_here } = await host.ask<PhoneStatus>((phone) => phone.status());
    if (!where || (await waiting(store)) < only_here) return null;
    await store.clear([await goneLock(where.code)]);
    return where.code;
  } finally {
    host.close();
  }
}
