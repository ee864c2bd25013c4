// The page's side of the worker: typed questions, events, and a fresh worker when the core traps.
// It decides nothing; failures arrive as CoreFailure with a code the screens know.

import { type CallName, type Calls, type Failure, type FromWorker, type Notice, type ToWorker, type WorkerState, newState } from './calls';
import { ownScript } from './own-scripts';

export class CoreFailure extends Error {
  override readonly name = 'CoreFailure';
  constructor(readonly failure: Failure) {
    super(`${failure.code}: ${failure.message}`);
  }
}

interface Waiting {
  resolve: (value: never) => void;
  reject: (error: CoreFailure) => void;
}

/** More traps than this within a minute: starting again does not help, say so. */
const MOST_RESTARTS = 3;

export class CoreClient {
  private worker: Worker;
  private nextId = 1;
  private readonly waiting = new Map<number, Waiting>();
  private stops: number[] = [];
  private language: Notice = { notice: 'language', language: 'zh' };

  constructor(
    private readonly makeWorker: (calm: boolean) => Worker,
    private readonly onState: (state: WorkerState) => void,
    private readonly onChanged: () => void,
  ) {
    this.worker = this.started(false);
  }

  ask<Name extends CallName>(call: Name, ...args: Parameters<Calls[Name]>): Promise<ReturnType<Calls[Name]>> {
    return new Promise((resolve, reject) => {
      const id = this.nextId++;
      this.waiting.set(id, { resolve, reject });
      this.send({ id, call, args });
    });
  }

  notify(notice: Notice): void {
    if (notice.notice === 'language') this.language = notice;
    this.send(notice);
  }

  private started(calm: boolean): Worker {
    const worker = this.makeWorker(calm);
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.receive(data);
    // A worker script that does not load (a deploy in between, no network at first start).
    worker.onerror = () => this.giveUp({ code: 'core_failed', message: 'the worker did not start' });
    return worker;
  }

  private send(message: ToWorker): void {
    this.worker.postMessage(message);
  }

  private receive(message: FromWorker): void {
    if ('event' in message) {
      if (message.event === 'state') this.onState(message.state);
      else if (message.event === 'changed') this.onChanged();
      else this.restart(message.during);
      return;
    }
    const waiting = this.waiting.get(message.id);
    this.waiting.delete(message.id);
    if (message.ok) waiting?.resolve(('json' in message ? JSON.parse(message.json) : message.value) as never);
    else waiting?.reject(new CoreFailure(message.failure));
  }

  private restart(during: string): void {
    const now = Date.now();
    this.stops = [...this.stops.filter((at) => now - at < 60_000), now];
    this.worker.terminate();
    const failure: Failure = { code: 'core_failed', message: during };
    if (this.stops.length > MOST_RESTARTS) return this.giveUp(failure);
    this.failAll(failure);
    this.worker = this.started(true);
    this.send(this.language);
  }

  /** Nothing will answer any more: said on the screen instead of waiting for ever. */
  private giveUp(failure: Failure): void {
    this.failAll(failure);
    this.onState(newState('broken', failure));
  }

  private failAll(failure: Failure): void {
    for (const { reject } of this.waiting.values()) reject(new CoreFailure(failure));
    this.waiting.clear();
  }
}

export function makeWorker(calm: boolean): Worker {
  return new Worker(ownScript('worker'), { type: 'module', name: calm ? 'calm' : 'menpai' });
}
