// The desk waits where the server asks for time, sends the same again, and tells what would take too long.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { post } from './ask';

const error = { code: 'too_many_requests', message: '请求过于频繁。', next: '请稍候片刻再试。' };
const refused = (seconds: string) =>
  new Response(JSON.stringify(error), { status: 429, headers: { 'Content-Type': 'application/json', 'Retry-After': seconds } });
const done = () => new Response('{"values":3}', { headers: { 'Content-Type': 'application/json' } });

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('a request that the server has no time for', () => {
  it('goes again as it was, not sooner than the server said', async () => {
    const fetched = vi.fn().mockImplementationOnce(async () => refused('3')).mockImplementation(async () => done());
    vi.stubGlobal('fetch', fetched);
    const answer = post('held/decisions', { entry: 'e' });
    await vi.advanceTimersByTimeAsync(2_990);
    expect(fetched).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await answer).toEqual({ kind: 'answered', body: { values: 3 } });
    expect(fetched.mock.calls[1]).toMatchObject([fetched.mock.calls[0]![0], { method: 'POST', body: '{"entry":"e"}' }]);
  });

  it('is told in the server’s words where that takes long, or happens again and again', async () => {
    const fetched = vi.fn().mockImplementation(async () => refused('60'));
    vi.stubGlobal('fetch', fetched);
    expect(await post('held/decisions', {})).toEqual({ kind: 'error', error });
    expect(fetched).toHaveBeenCalledTimes(1);
    fetched.mockImplementation(async () => refused('1'));
    const answer = post('held/decisions', {});
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await answer).toEqual({ kind: 'error', error });
    expect(fetched.mock.calls.length).toBeLessThan(8);
  });
});
