// When contacts happen: one at a time, until there is no more, further apart after failures.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ContactResult } from './contact';
import { SyncLoop } from './sync-loop';

const answered = (more = false): ContactResult => ({ outcome: 'answered', sent: 1, received: 2, error: null, more });
const silence: ContactResult = { outcome: 'no_network', sent: 0, received: 0, error: null, more: false };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('the sync loop', () => {
  it('goes on while the answer says more, and adds up', async () => {
    const once = vi.fn().mockResolvedValueOnce(answered(true)).mockResolvedValueOnce(answered());
    const result = await new SyncLoop(once, () => undefined).now();
    expect(once).toHaveBeenCalledTimes(2);
    expect(result).toEqual({ outcome: 'answered', sent: 2, received: 4, error: null });
  });

  it('runs one contact at a time; what was saved meanwhile goes in one more round', async () => {
    let finish: (result: ContactResult) => void = () => undefined;
    const once = vi.fn()
      .mockReturnValueOnce(new Promise<ContactResult>((resolve) => (finish = resolve)))
      .mockResolvedValue(answered());
    const loop = new SyncLoop(once, () => undefined);
    const first = loop.now();
    loop.nudge('online');
    loop.nudge('visible');
    expect(once).toHaveBeenCalledTimes(1);
    finish(answered());
    await first;
    expect(once).toHaveBeenCalledTimes(2);
  });

  it('gathers quick saves into one contact', async () => {
    const once = vi.fn().mockResolvedValue(answered());
    const loop = new SyncLoop(once, () => undefined);
    for (let save = 0; save < 5; save += 1) {
      loop.nudge('saved');
      await vi.advanceTimersByTimeAsync(100);
    }
    await vi.advanceTimersByTimeAsync(1_000);
    expect(once).toHaveBeenCalledTimes(1);
  });

  it('waits longer and longer after failures, up to five minutes', async () => {
    const at: number[] = [];
    const once = vi.fn().mockImplementation(async () => {
      at.push(Date.now());
      return silence;
    });
    await new SyncLoop(once, () => undefined, () => 1).now();
    await vi.advanceTimersByTimeAsync(30 * 60_000);
    const gaps = at.slice(1).map((time, index) => time - at[index]!);
    expect(gaps.slice(0, 4)).toEqual([5_000, 10_000, 20_000, 40_000]);
    expect(Math.max(...gaps)).toBe(300_000);
  });

  it('does not try the radio at each save in a dead spot', async () => {
    const once = vi.fn().mockResolvedValue(silence);
    const loop = new SyncLoop(once, () => undefined, () => 1);
    await loop.now();
    for (let save = 0; save < 8; save += 1) {
      loop.nudge('saved');
      await vi.advanceTimersByTimeAsync(1_000);
    }
    expect(once).toHaveBeenCalledTimes(1);
  });

  it('leaves a server alone that asks for time, whoever wants it, and loses nothing meanwhile', async () => {
    const error = { code: 'too_many_requests', message: '请求过于频繁。', next: '' };
    const busy: ContactResult = { ...silence, outcome: 'server_error', error, wait_ms: 60_000 };
    const once = vi.fn().mockResolvedValueOnce(busy).mockResolvedValue(answered());
    const loop = new SyncLoop(once, () => undefined, () => 0.5);
    expect(await loop.now()).toMatchObject({ error });
    loop.nudge('saved');
    loop.nudge('online');
    await vi.advanceTimersByTimeAsync(30_000);
    expect(await loop.now(), 'the button says what the server said').toMatchObject({ outcome: 'server_error', error });
    loop.nudge('saved');
    await vi.advanceTimersByTimeAsync(37_400);
    expect(once).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(200);
    expect(once).toHaveBeenCalledTimes(2);
    await vi.advanceTimersByTimeAsync(30 * 60_000);
    expect(once).toHaveBeenCalledTimes(2);
  });

  it('is not stopped by an answer that cannot be read', async () => {
    const once = vi.fn().mockRejectedValueOnce(new Error('not gzip')).mockResolvedValue(answered());
    const loop = new SyncLoop(once, () => undefined);
    expect(await loop.now()).toMatchObject({ outcome: 'server_error', error: { code: 'unreadable_answer' } });
    expect(await loop.now()).toMatchObject({ outcome: 'answered' });
  });

  it('does not ask again by itself when a person must sign in', async () => {
    const once = vi.fn().mockResolvedValue({ ...silence, outcome: 'not_signed_in' });
    await new SyncLoop(once, () => undefined).now();
    await vi.advanceTimersByTimeAsync(60 * 60_000);
    expect(once).toHaveBeenCalledTimes(1);
  });
});
