import { effectScope } from 'vue';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { useNumbers } from './useNumbers';

const PERSON = { id: 'p1', name: '周晨杰', grid: null, address: null, numbers: [] };
const asked: { path: string; answer: (body: unknown) => void }[] = [];

/** Until what was answered has passed through. */
const settled = () => new Promise((resolve) => setTimeout(resolve));

describe('looking for an id number', () => {
  let numbers: ReturnType<typeof useNumbers>;
  const scope = effectScope();

  beforeEach(() => {
    asked.length = 0;
    vi.stubGlobal('fetch', (path: string) => new Promise((resolve) => {
      asked.push({ path, answer: (body) => resolve(new Response(JSON.stringify(body), { headers: { 'Content-Type': 'application/json' } })) });
    }));
    numbers = scope.run(useNumbers)!;
  });
  afterEach(() => void vi.unstubAllGlobals());

  it('shows what was asked last, whichever answer comes first', async () => {
    const first = numbers.find('周');
    const second = numbers.find('周晨');
    asked[1]?.answer({ found: [PERSON] });
    await second;
    asked[0]?.answer({ found: [] });
    await first;
    expect(numbers.found.value).toEqual([PERSON]);
    expect(numbers.busy.value).toBe(false);
  });

  it('does not show a number to who has turned away meanwhile', async () => {
    numbers.choose(PERSON);
    numbers.reason.value = 'emergency';
    const revealing = numbers.reveal();
    numbers.choose(null);
    asked[0]?.answer({ number: '990001190001010020' });
    await revealing;
    await settled();
    expect([numbers.shown.value, numbers.busy.value]).toEqual([null, false]);
  });
});
