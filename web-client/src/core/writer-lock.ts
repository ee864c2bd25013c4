// One window writes. The lock is held for the life of the worker; a window that waits gets it
// by itself when the other one closes, or takes it when its user says so.

const LOCK = 'menpai-writer';
/** A window being reloaded lets go within this time; only then is it worth a screen. */
const PATIENCE_MS = 1_500;

export class WriterLock {
  private waiting: AbortController | null = null;

  constructor(
    private readonly held: () => void,
    private readonly elsewhere: () => void,
    private readonly lost: () => void,
  ) {}

  wait(): void {
    const waiting = new AbortController();
    this.waiting = waiting;
    const timer = setTimeout(() => this.elsewhere(), PATIENCE_MS);
    this.request({ signal: waiting.signal }, () => {
      clearTimeout(timer);
      this.waiting = null;
    });
  }

  /** Only on the user's tap: the other window's worker is told, and can no longer write. */
  takeOver(): void {
    this.waiting?.abort();
    this.waiting = null;
    this.request({ steal: true }, () => undefined);
  }

  private request(options: LockOptions, granted: () => void): void {
    let holding = false;
    navigator.locks
      .request(LOCK, options, () => {
        holding = true;
        granted();
        this.held();
        return new Promise<never>(() => undefined);
      })
      .catch(() => {
        // Stolen by another window, or our own waiting was called off.
        if (holding) this.lost();
      });
  }
}
