// One contact with the home server: what this phone has goes up, what it lacks comes down. Unsent work goes
// before any long download. The network is waited for outside the queue, so recording never waits for it.

import type { Host } from './host';
import { noticing, rfc3339 } from './clock';
import { ask, type Language, type ServerError, type Stopped } from './server';
import { fits, sign } from './signature';
import type { Identity } from './signed-request';
import { allowSnapshots, fetchSnapshots } from './snapshots';
import type { PhoneStatus, SyncResult } from './types';

export interface ContactResult extends SyncResult {
  /** the answer was cut to its budget: ask again at once */
  more: boolean;
  /** this phone was restored or cloned: it is to become another device */
  successor?: boolean;
  /** the server does not want to be asked again for so long */
  wait_ms?: number;
  /** the office has stopped this phone; what it had sent is held */
  stopped?: Stopped;
}

interface Received {
  more: boolean;
  sent: number;
  received: number;
  successor?: boolean;
}

export interface Line {
  host: Host;
  by: Identity;
  language: Language;
  /** runs a job in the worker's queue, after those before it */
  queued: <T>(job: () => Promise<T>) => Promise<T>;
  /** parts are on their way, or one is here: what the screens show has changed */
  onPart: () => void;
}

const STOPPED: ServerError = { code: 'device_stopped', message: '', next: '' };

export async function contact(line: Line): Promise<ContactResult> {
  const { host, queued } = line;
  const { only_here } = await queued(() => host.ask<PhoneStatus>((phone) => phone.status()));
  return only_here > 0 ? exchangeThenFetch(line) : fetchThenExchange(line);
}

/** A new phone has everything after these two requests. */
async function fetchThenExchange(line: Line): Promise<ContactResult> {
  const fetched = await fetchSnapshots(line);
  if (fetched.outcome === 'no_network' || fetched.outcome === 'stranger') return nothing(fetched.outcome, null);
  if ('error' in fetched) return refused(line, fetched.outcome, fetched.error, fetched.wait_ms);
  const exchanged = await exchange(line);
  return { ...exchanged, received: exchanged.received + fetched.received };
}

async function exchangeThenFetch(line: Line): Promise<ContactResult> {
  const exchanged = await exchange(line);
  if (exchanged.outcome !== 'answered' || exchanged.successor) return exchanged;
  const fetched = await fetchSnapshots(line);
  const error = 'error' in fetched ? fetched.error : null;
  if (error) await tellRefusal(line, error);
  return {
    ...exchanged,
    outcome: fetched.outcome === 'ready' ? 'answered' : fetched.outcome,
    received: exchanged.received + fetched.received,
    error,
    ...('wait_ms' in fetched ? { wait_ms: fetched.wait_ms } : {}),
  };
}

async function exchange(line: Line): Promise<ContactResult> {
  const { host, by, language, queued } = line;
  // One slot of the queue: nothing may be recorded between what is signed and what is sent.
  const asked = await queued(async () => {
    const toSign = await host.change(
      noticing((phone, now) => {
        const { to_sign, writes } = phone.begin_sync(now);
        return { result: to_sign, writes };
      }),
    );
    const signatures: Uint8Array[] = [];
    for (const message of toSign) signatures.push(await sign(by.key.private_key, message));
    const body = await host.use((phone) => phone.request(signatures));
    const header = await host.use((phone) => phone.request_header_length());
    return { body: body as Uint8Array<ArrayBuffer>, header, generation: host.generation };
  });

  const answer = await ask({
    path: '/api/v1/sync',
    method: 'POST',
    language,
    by,
    body: asked.body,
    // The slices after it are signed by themselves: what comes whole of them counts, wherever it breaks.
    signs: asked.body.subarray(0, asked.header),
    contentType: 'application/gzip',
    expects: 'application/gzip',
  });

  if (answer.kind === 'no_network' || answer.kind === 'stranger') return nothing(answer.kind, null);
  if (answer.kind !== 'body') {
    if (answer.kind === 'not_signed_in') return refused(line, 'not_signed_in', answer.error);
    return refused(line, 'server_error', answer.error, answer.wait_ms);
  }

  return queued(async () => {
    // The Phone that asked is gone (a failed write): its successor asks again.
    if (host.generation !== asked.generation) return { ...nothing('answered', null), more: true };
    const result = await takeUp(line, answer.bytes).catch((error: unknown) => {
      // It broke before the core could read anything of it.
      if (!answer.whole && error instanceof Error && error.name === 'ReceiveError') return null;
      throw error;
    });
    if (result === null) return nothing('no_network', null);
    const { more, sent, received, successor } = JSON.parse(result) as Received;
    // A break that brought nothing: asking again at once would only break again.
    if (!answer.whole && more && sent + received === 0) return nothing('no_network', null);
    if (!more) await allowSnapshots(host);
    if (answer.stopped && !more) return { ...nothing('not_signed_in', STOPPED), sent, received, stopped: answer.stopped };
    return { outcome: 'answered', sent, received, error: null, more, successor };
  });
}

/** Takes an answer up, once the home's signature on it was tried. */
async function takeUp({ host }: Line, bytes: Uint8Array): Promise<string> {
  const toVerify = await host.use((phone) => phone.to_verify(bytes));
  const verified = toVerify && (await fits(toVerify)) ? toVerify : undefined;
  if (!verified) toVerify?.free();
  return host.change((phone) => phone.receive(bytes, verified));
}

async function refused(line: Line, outcome: SyncResult['outcome'], error: ServerError, wait_ms?: number): Promise<ContactResult> {
  await tellRefusal(line, error);
  return { ...nothing(outcome, error), ...(wait_ms === undefined ? {} : { wait_ms }) };
}

function tellRefusal({ host, queued }: Line, error: ServerError): Promise<unknown> {
  return queued(() =>
    host.change((phone) => ({ result: null, writes: phone.refused(JSON.stringify(error), rfc3339()) })),
  );
}

function nothing(outcome: SyncResult['outcome'], error: SyncResult['error']): ContactResult {
  return { outcome, sent: 0, received: 0, error, more: false };
}
