// What needs a fresh proof goes again once it was given, and no oftener.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { onProofNeeded, post } from './ask';

vi.mock('../words', () => ({ language: { value: 'zh' } }));

function answers(...bodies: { status: number; body: unknown }[]): ReturnType<typeof vi.fn> {
  const fetch = vi.fn();
  for (const { status, body } of bodies) {
    fetch.mockResolvedValueOnce(new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } }));
  }
  vi.stubGlobal('fetch', fetch);
  return fetch;
}

const needed = { status: 403, body: { code: 'fresh_proof_needed', message: '', next: '' } };

describe('a request that needs a fresh proof', () => {
  afterEach(() => vi.unstubAllGlobals());

  it('goes again once it is given', async () => {
    const fetch = answers(needed, { status: 200, body: { subjects: 1 } });
    onProofNeeded(async () => true);
    expect(await post('erasures', { id: 'x' })).toEqual({ kind: 'answered', body: { subjects: 1 } });
    expect(fetch).toHaveBeenCalledTimes(2);
    expect(fetch.mock.calls[1]).toEqual([fetch.mock.calls[0]?.[0], expect.objectContaining({ method: 'POST', body: '{"id":"x"}' })]);
  });

  it('is refused where somebody turns away, and asked for once only', async () => {
    const fetch = answers(needed, needed);
    const ask = vi.fn(async () => false);
    onProofNeeded(ask);
    expect(await post('erasures', {})).toMatchObject({ kind: 'error', error: { code: 'fresh_proof_needed' } });
    expect(fetch).toHaveBeenCalledTimes(1);
    ask.mockResolvedValueOnce(true);
    answers(needed, needed);
    expect(await post('erasures', {})).toMatchObject({ kind: 'error' });
    expect(ask).toHaveBeenCalledTimes(2);
  });
});
