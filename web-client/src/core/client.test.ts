// The page's side: answers find their questions, and a trapped core gets a fresh worker, not for ever.

import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { FromWorker, ToWorker, WorkerState } from './calls';
import { CoreClient } from './client';

class FakeWorker {
  sent: ToWorker[] = [];
  terminated = false;
  onmessage: ((event: MessageEvent<FromWorker>) => void) | null = null;
  onerror: (() => void) | null = null;

  constructor(readonly calm: boolean) {}

  postMessage(message: ToWorker): void {
    this.sent.push(message);
  }

  terminate(): void {
    this.terminated = true;
  }

  says(data: FromWorker): void {
    this.onmessage?.({ data } as MessageEvent<FromWorker>);
  }
}

let workers: FakeWorker[] = [];
const states = vi.fn<(state: WorkerState) => void>();

function client(): CoreClient {
  return new CoreClient(
    (calm) => {
      const worker = new FakeWorker(calm);
      workers.push(worker);
      return worker as unknown as Worker;
    },
    states,
    () => undefined,
  );
}

beforeEach(() => {
  workers = [];
  states.mockClear();
});

describe('the client', () => {
  it('gives each answer to its question, values and core texts alike', async () => {
    const page = client();
    const records = page.ask('records', 5);
    const drafts = page.ask('drafts');
    workers[0]!.says({ id: 2, ok: true, value: [] });
    workers[0]!.says({ id: 1, ok: true, json: '[{"entry":"e"}]' });
    expect(await drafts).toEqual([]);
    expect(await records).toEqual([{ entry: 'e' }]);
  });

  it('turns a failure into an error with its code', async () => {
    const answer = client().ask('sync');
    workers[0]!.says({ id: 1, ok: false, failure: { code: 'full', message: '' } });
    await expect(answer).rejects.toMatchObject({ failure: { code: 'full' } });
  });

  it('starts a fresh, calm worker in the same language when the core trapped', async () => {
    const page = client();
    page.notify({ notice: 'language', language: 'en' });
    const answer = page.ask('drafts');
    workers[0]!.says({ event: 'stopped', during: 'unreachable' });
    await expect(answer).rejects.toMatchObject({ failure: { code: 'core_failed' } });
    expect(workers[0]!.terminated).toBe(true);
    expect(workers[1]).toMatchObject({ calm: true, sent: [{ notice: 'language', language: 'en' }] });
  });

  it('gives up, and says so, when it keeps trapping', () => {
    client();
    for (let stop = 0; stop < 4; stop += 1) workers.at(-1)!.says({ event: 'stopped', during: 'unreachable' });
    expect(workers).toHaveLength(4);
    expect(states).toHaveBeenLastCalledWith(expect.objectContaining({ phase: 'broken' }));
  });

  it('says so when the worker does not even start', () => {
    client();
    workers[0]!.onerror?.();
    expect(states).toHaveBeenCalledWith(expect.objectContaining({ phase: 'broken' }));
  });
});
