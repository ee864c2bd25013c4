import { effectScope } from 'vue';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { keepOverview, useOverview } from './useOverview';

const answers: ((lsn: number) => void)[] = [];

beforeEach(() => {
  vi.stubGlobal('EventSource', class { close(): void {} });
  vi.stubGlobal('document', { visibilityState: 'visible', addEventListener: () => {}, removeEventListener: () => {} });
  vi.stubGlobal('fetch', () => new Promise((resolve) => {
    answers.push((lsn) => resolve(new Response(JSON.stringify({ lsn }), { headers: { 'Content-Type': 'application/json' } })));
  }));
});
afterEach(() => void vi.unstubAllGlobals());

it('never shows one community the figures of another', async () => {
  const { overview } = useOverview();
  const here = effectScope();
  here.run(keepOverview);
  here.stop();
  const there = effectScope();
  there.run(keepOverview);
  expect(answers).toHaveLength(2);
  answers[0]?.(1);
  await new Promise((resolve) => setTimeout(resolve));
  expect(overview.value).toBeNull();
  answers[1]?.(2);
  await vi.waitFor(() => expect(overview.value).toEqual({ lsn: 2 }));
  there.stop();
});
