// Asks the server for this phone's lease, at most hourly: what keeps its records readable for some days without a
// network (docs/protocol.md section 20). A phone that the office has stopped gets none, and is told whether it was lost.

import type { Store } from '../storage/store';
import { leaseCame, takeLease } from './lock';
import { ask, type Language, type Stopped } from './server';
import type { Identity } from './signed-request';

const AGAIN_MS = 3_600_000;
const DIGITS = /^[0-9a-f]{64}$/;

export type Leased = { outcome: 'fresh' | 'renewed' } | { outcome: 'stopped'; stopped: Stopped } | { outcome: 'unanswered' };

/** Not where it came less than `again_ms` ago. `queued`: nothing else changes the lock while it is taken in. */
export async function renewLease(
  store: Store,
  by: Identity,
  language: Language,
  queued: <T>(job: () => Promise<T>) => Promise<T>,
  again_ms = AGAIN_MS,
  now = Date.now(),
): Promise<Leased> {
  const came = await leaseCame(store);
  if (came !== null && now >= came && now - came < again_ms) return { outcome: 'fresh' };
  const answer = await ask({ path: '/api/v1/lease', method: 'GET', language, by, expects: 'application/json' });
  if (answer.kind !== 'body' || !answer.whole) return { outcome: 'unanswered' };
  if (answer.stopped) return { outcome: 'stopped', stopped: answer.stopped };
  const said = read(answer.bytes);
  if (!said) return { outcome: 'unanswered' };
  await queued(() => takeLease(store, said, now));
  return { outcome: 'renewed' };
}

/** Null: some portal's JSON. */
function read(bytes: Uint8Array): { lease: Uint8Array<ArrayBuffer>; home_at: number; hours: number } | null {
  try {
    const { lease, hours, clock } = (JSON.parse(new TextDecoder().decode(bytes)) ?? {}) as Record<string, unknown>;
    if (typeof lease !== 'string' || !DIGITS.test(lease) || typeof hours !== 'number' || typeof clock !== 'string') return null;
    const home_at = Date.parse(clock);
    if (!(hours > 0) || Number.isNaN(home_at)) return null;
    return { lease: Uint8Array.from(lease.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)), home_at, hours };
  } catch {
    return null;
  }
}
