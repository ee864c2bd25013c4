// Holds the one Phone of this installation over its stored rows.
// A change counts only when its rows are on the flash, with what of the log is sealed for the server; if they
// cannot be written, the Phone is thrown away and made again from what is stored, so memory never runs ahead of
// storage.

import type { Store, Write } from '../storage/store';
import { StorageFailure } from '../storage/failure';
import { Outbox } from './outbox';
import type { CoreWrite, Phone, PhoneModule } from './phone';
import type { PhoneStatus } from './types';

/** The core trapped: its memory can no longer be trusted, only a fresh worker can. */
export class CoreStopped extends Error {
  override readonly name = 'CoreStopped';
}

const UNREADABLE = ['ReceiveError', 'SnapshotError'];

export class Host {
  private phone: Phone | null = null;
  private outbox: Outbox | null = null;
  private closed = false;
  /** grows with every reload: an answer asked for by an older Phone is not for this one */
  generation = 0;

  constructor(
    private readonly module: PhoneModule,
    readonly store: Store,
  ) {}

  async open(): Promise<void> {
    const rows = await this.store.coreRows();
    this.phone = guarded(() => this.module.open(rows));
    this.generation += 1;
    await this.renewOutbox();
  }

  /** For what was recorded before there was an outbox, or as another device. */
  async renewOutbox(): Promise<void> {
    const { phone } = this;
    if (!phone) return;
    const { writes, then } = await guardedLater(async () => (await Outbox.of(this.store)).catchUp(phone));
    await this.store.commit(writes);
    this.outbox = then;
  }

  kinds(): string {
    return guarded(() => this.module.kinds());
  }

  async ask<T>(question: (phone: Phone) => string): Promise<T> {
    return JSON.parse(await this.use(question)) as T;
  }

  /** Runs a change and writes its rows, with `more` rows of the worker, in one transaction. */
  async change<T>(
    act: (phone: Phone) => { result: T; writes: CoreWrite[] },
    more: (result: T) => Write[] = () => [],
  ): Promise<T> {
    const phone = await this.ready();
    try {
      const { result, writes } = guarded(() => act(phone));
      const recorded = writes.some(({ store, value }) => store === 'log' && value !== null);
      const { outbox } = this;
      const kept = recorded && outbox ? await guardedLater(() => outbox.catchUp(phone)) : null;
      await this.store.commit([...writes, ...more(result), ...(kept?.writes ?? [])]);
      if (kept) this.outbox = kept.then;
      return result;
    } catch (error) {
      // What the core cannot read it has not taken up.
      if (!UNREADABLE.includes((error as Error).name)) await this.reload();
      throw error;
    }
  }

  /** For calls that change nothing; what they give back is passed on as it is. */
  async use<T>(act: (phone: Phone) => T): Promise<T> {
    const phone = await this.ready();
    return guarded(() => act(phone));
  }

  /** What the server has by now need not be kept for it. */
  async trimOutbox(): Promise<void> {
    const { only_here } = await this.ask<PhoneStatus>((phone) => phone.status());
    this.outbox = (await this.outbox?.trim(this.store, only_here)) ?? null;
  }

  /** Gives memory and database back, for good; the rows stay. */
  close(): void {
    this.closed = true;
    this.phone?.free();
    this.phone = null;
    this.store.close();
  }

  /** Everything goes: what was recorded, what was shown, the key. Nothing of it can be read afterwards. */
  async wipe(more: Write[] = []): Promise<void> {
    this.phone?.free();
    this.phone = null;
    await this.store.wipe(more);
  }

  private async reload(): Promise<void> {
    this.phone?.free();
    this.phone = null;
    this.store.close();
    // If even reading fails now, the next call tries again and says why.
    if (!this.closed) await this.open().catch(() => undefined);
  }

  private async ready(): Promise<Phone> {
    // Whoever asked before it was shut must not open it again.
    if (this.closed) throw new StorageFailure('locked');
    if (!this.phone) await this.open();
    if (!this.phone) throw new StorageFailure('unavailable');
    return this.phone;
  }
}

function guarded<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError) throw new CoreStopped(error.message);
    throw error;
  }
}

async function guardedLater<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError) throw new CoreStopped(error.message);
    throw error;
  }
}
