import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Conflict, Decided } from './answers';
import type { Answer } from '../server/ask';
import { SETTLE_MS, useDecision, type Choice } from './useDecision';

const conflict = { type: 'household', entity: 'e', field: 'phone', seen: ['a1'] } as unknown as Conflict;
const choice: Choice = { pressed: 0, value: '139', words: '139', note: ' ' };

describe('deciding', () => {
  const asked = vi.fn();
  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal('fetch', asked);
    asked.mockReset();
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  const answers = (status: number, body: object) =>
    asked.mockResolvedValueOnce(new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } }));
  const sent = (call: number) => JSON.parse(asked.mock.calls[call]![1].body) as Record<string, unknown>;
  const press = async (decision: ReturnType<typeof useDecision>, pressed = choice) => {
    const told: Answer<Decided>[] = [];
    await decision.decide(conflict, pressed, async (answer) => void told.push(answer));
    return told[0];
  };

  it('sends what the page was drawn from, and again with the same id after no answer', async () => {
    const decision = useDecision();
    asked.mockRejectedValueOnce(new TypeError('no network'));
    expect((await press(decision))?.kind).toBe('no_network');
    expect(decision.failure.value).toEqual({ pressed: 0, failed: { kind: 'no_network' } });
    vi.advanceTimersByTime(SETTLE_MS);
    answers(200, { verdict: 'merged', values: 1 });
    expect(await press(decision)).toEqual({ kind: 'answered', body: { verdict: 'merged', values: 1 } });
    expect(decision.failure.value).toBeNull();
    expect(sent(1)).toEqual(sent(0));
    expect(sent(0)).toMatchObject({ type: 'household', entity: 'e', field: 'phone', value: '139', seen: ['a1'], note: null });
  });

  it('takes no second press while one is on its way, nor right after it', async () => {
    const decision = useDecision();
    answers(200, { verdict: 'merged', values: 1 });
    const first = press(decision);
    expect(await press(decision, { ...choice, pressed: 1, value: '138' })).toBeUndefined();
    await first;
    expect(await press(decision)).toBeUndefined();
    expect(asked).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(SETTLE_MS);
    answers(409, { code: 'conflict_gone', message: '…', next: '…' });
    expect((await press(decision))?.kind).toBe('error');
  });
});
