// When to contact the server: at start, back in the foreground, back online, after a save, by button.
// One contact at a time; after failures it waits longer and longer, with jitter, and never spins. A server that says
// when to come back is not asked before, whoever wants it: what was saved waits here and goes then.

import type { ContactResult } from './contact';
import type { SyncResult } from './types';

export type Nudge = 'start' | 'visible' | 'online' | 'saved' | 'button';

const SAVE_DEBOUNCE_MS = 400;
const FIRST_DELAY_MS = 5_000;
const LONGEST_DELAY_MS = 5 * 60_000;
/** Saves in a dead spot must not each try the radio. */
const SAVED_AFTER_FAILURE_MS = 10_000;
/** `more` for ever would be a server that does not move on. */
const MOST_ROUNDS = 500;

export class SyncLoop {
  private running: Promise<SyncResult> | null = null;
  private again = false;
  private failures = 0;
  private failedAt = 0;
  /** what the server said when it asked for time, and until when */
  private told_to_wait: { until: number; last: SyncResult } | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(
    private readonly once: () => Promise<ContactResult>,
    private readonly told: (sending: boolean, last: SyncResult | null) => void,
    private readonly random: () => number = Math.random,
  ) {}

  nudge(why: Nudge): void {
    if (why === 'saved') {
      const since = Date.now() - this.failedAt;
      const wait = this.failures > 0 ? Math.max(SAVE_DEBOUNCE_MS, SAVED_AFTER_FAILURE_MS - since) : SAVE_DEBOUNCE_MS;
      this.later(Math.max(wait, (this.told_to_wait?.until ?? 0) - Date.now()));
    } else {
      void this.now();
    }
  }

  /** The person asked: waits for the contact and says how it went. */
  now(): Promise<SyncResult> {
    this.stopTimer();
    if (this.running) {
      // What was saved since it began goes in the next round.
      this.again = true;
      return this.running;
    }
    const wait = (this.told_to_wait?.until ?? 0) - Date.now();
    if (this.told_to_wait && wait > 0) {
      this.later(wait);
      this.told(false, this.told_to_wait.last);
      return Promise.resolve(this.told_to_wait.last);
    }
    this.running = this.run().finally(() => {
      this.running = null;
    });
    return this.running;
  }

  stop(): void {
    this.stopTimer();
  }

  /** Until the contact that is under way, if there is one, has ended. */
  async idle(): Promise<void> {
    await this.running?.catch(() => undefined);
  }

  private async run(): Promise<SyncResult> {
    const total: SyncResult = { outcome: 'answered', sent: 0, received: 0, error: null };
    let wait_ms = 0;
    this.told(true, null);
    for (let round = 0; round < MOST_ROUNDS; round += 1) {
      this.again = false;
      const result = await this.once().catch((error: unknown): ContactResult => {
        const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
        return { outcome: 'server_error', sent: 0, received: 0, more: false, error: { code: 'unreadable_answer', message, next: '' } };
      });
      total.sent += result.sent;
      total.received += result.received;
      total.outcome = result.outcome;
      total.error = result.error;
      wait_ms = result.wait_ms ?? 0;
      if (result.outcome !== 'answered' || !(result.more || this.again)) break;
      this.told(true, null);
    }
    this.settle(total, wait_ms);
    this.told(false, total);
    return total;
  }

  private settle(last: SyncResult, wait_ms: number): void {
    const { outcome } = last;
    this.told_to_wait = null;
    if (outcome === 'answered' || outcome === 'not_signed_in') {
      // Not signed in is for a person to mend; asking again would only be refused again.
      this.failures = 0;
      return;
    }
    this.failures += 1;
    this.failedAt = Date.now();
    const doubled = Math.min(FIRST_DELAY_MS * 2 ** (this.failures - 1), LONGEST_DELAY_MS);
    const own = doubled * (0.5 + this.random() / 2);
    const asked = wait_ms * (1 + this.random() / 4);
    if (asked > 0) this.told_to_wait = { until: this.failedAt + asked, last };
    this.later(Math.max(own, asked));
  }

  private later(delay: number): void {
    this.stopTimer();
    this.timer = setTimeout(() => {
      this.timer = null;
      void this.now();
    }, delay);
  }

  private stopTimer(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }
}
