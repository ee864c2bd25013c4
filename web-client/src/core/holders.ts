// Whose work lies on this phone. Every worker has a database of their own, with their own key and log: a
// phone that changes hands mixes nothing, and what the one before had not sent is sent under their name.
// The list of them is one row of the first database. Nothing here deletes anything.

import { Store, type Write } from '../storage/store';
import { contact, type Line } from './contact';
import { loadDeviceKey } from './device-key';
import { Host } from './host';
import type { PhoneModule } from './phone';
import type { Language } from './server';
import { loadSession } from './session';
import type { PhoneStatus } from './types';

const HOLDERS_ROW = 'holders';

export interface Holder {
  database: string;
  /** id of the worker; of before enrolment by code an account's name, or null */
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
  /** whose phone the server does not know, until they are enrolled or the app starts again */
  private readonly locked = new Set<string>();

  constructor(private readonly first: { name: string; store: Store }) {
    this.stored = { current: first.name, all: [{ database: first.name, account: null, unsent: 0 }] };
  }

  async load(): Promise<Store> {
    this.stored = (await this.first.store.get<Stored>('keys', HOLDERS_ROW)) ?? this.stored;
    return this.open(this.stored.current);
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
      .map((holder) => (holder.database === this.stored.current ? { ...holder, unsent } : holder));
    this.locked.delete(database);
    await this.keep({ current: database, all: [...others, { database, account: worker, unsent: 0 }] });
  }

  /** What others have left here unsent. */
  unsent(): number {
    return this.others().reduce((sum, { unsent }) => sum + unsent, 0);
  }

  /** Sends what others have left here, each signed with their own key. */
  async sendLeft(module: PhoneModule, language: Language, queued: Line['queued']): Promise<void> {
    for (const { database, unsent } of this.others()) {
      if (unsent === 0 || this.locked.has(database)) continue;
      const store = await this.open(database);
      const host = new Host(module, store);
      try {
        await host.open();
        const [key, session] = [await loadDeviceKey(store), await loadSession(store)];
        if (!key || !session || session.expired) {
          this.locked.add(database);
          continue;
        }
        const { community, offset_ms } = await host.ask<PhoneStatus>((phone) => phone.status());
        const by = { key, community: community?.code ?? '', clock: { offset_ms: offset_ms ?? 0 } };
        const line: Line = { host, by, language, queued, onPart: () => undefined };
        const { outcome } = await contact(line);
        if (outcome === 'not_signed_in') this.locked.add(database);
        const { only_here } = await host.ask<PhoneStatus>((phone) => phone.status());
        const all = this.stored.all.map((one) => (one.database === database ? { ...one, unsent: only_here } : one));
        await this.keep({ ...this.stored, all });
      } catch {
        // Theirs must not stand in the way of who uses the phone now; it is tried again at the next start.
        this.locked.add(database);
      } finally {
        host.close();
      }
    }
  }

  private others(): Holder[] {
    return this.stored.all.filter(({ database }) => database !== this.stored.current);
  }

  private async open(database: string): Promise<Store> {
    if (database === this.first.name) return this.first.store;
    const store = new Store(database);
    await store.becomeWriter();
    return store;
  }

  private async keep(stored: Stored): Promise<void> {
    const write: Write = { store: 'keys', key: HOLDERS_ROW, value: stored };
    await this.first.store.commit([write]);
    this.stored = stored;
  }
}
