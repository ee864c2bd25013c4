// The desk's requests. Failures that can happen to anyone are values; the session travels
// in a cookie that scripts cannot read. An answer that is not Menpai's is no network. Where the server
// asks for time, nothing was done: the same request goes again then, and its page just waits.

import { language } from '../words';
import { about } from './elsewhere';

const TIMEOUT_MS = 20_000;
/** Statuses with which the server says when to come back. */
const COME_BACK = [429, 503];
/** What nobody wants to wait for at a screen is told instead. */
const LONGEST_WAIT_MS = 20_000;
const MOST_TRIES = 4;
/** A large list is written whole before it is sent. */
const FILE_TIMEOUT_MS = 6 * 60_000;

export interface ServerError {
  code: string;
  message: string;
  next: string;
}

export type Answer<Body> =
  | { kind: 'answered'; body: Body }
  | { kind: 'not_signed_in'; error: ServerError }
  | { kind: 'error'; error: ServerError }
  | { kind: 'no_network' };

export type Failed = Exclude<Answer<never>, { kind: 'answered' }>;

export type Query = Record<string, string | number | null>;

export function get<Body>(path: string, query: Query = {}): Promise<Answer<Body>> {
  return send<Body>(withQuery(path, query), { method: 'GET' });
}

/** Fetches a file; what is refused is told as for any other question. */
export function getFile(path: string, query: Query): Promise<Answer<{ name: string; content: Blob }>> {
  return send(withQuery(path, query), { method: 'GET' }, FILE_TIMEOUT_MS, async (response) => {
    const name = /filename="([^"]+)"/.exec(response.headers.get('Content-Disposition') ?? '')?.[1];
    return name && response.ok ? { kind: 'answered', body: { name, content: await response.blob() } } : null;
  });
}

/** A path with what was asked for; empty values are not asked for. */
export function withQuery(path: string, query: Query): string {
  const given = Object.entries(query).filter(([, value]) => value !== null && value !== '');
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return text ? `${path}?${text}` : path;
}

export function post<Body>(path: string, body?: unknown): Promise<Answer<Body>> {
  return send<Body>(path, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'Content-Type': 'application/json' },
  });
}

export function remove(path: string): Promise<Answer<null>> {
  return send<null>(path, { method: 'DELETE' });
}

let prove: (() => Promise<boolean>) | null = null;

/** Who is asked where the server wants a fresh proof; true: it was given, the request goes again. */
export function onProofNeeded(ask: () => Promise<boolean>): void {
  prove = ask;
}

type Read<Body> = (response: Response) => Promise<Answer<Body> | null>;

async function send<Body>(path: string, init: RequestInit, timeout_ms = TIMEOUT_MS, read: Read<Body> = async () => null): Promise<Answer<Body>> {
  const answer = await patiently(path, init, timeout_ms, read);
  const asks = answer.kind === 'error' && answer.error.code === 'fresh_proof_needed';
  return asks && prove && (await prove()) ? patiently(path, init, timeout_ms, read) : answer;
}

async function patiently<Body>(path: string, init: RequestInit, timeout_ms: number, read: Read<Body>): Promise<Answer<Body>> {
  for (let tries = 1; ; tries += 1) {
    const { answer, wait_ms } = await once(path, init, timeout_ms, read);
    if (wait_ms === null || wait_ms > LONGEST_WAIT_MS || tries === MOST_TRIES) return answer;
    await new Promise((resolve) => setTimeout(resolve, wait_ms * (1 + Math.random() / 4)));
  }
}

interface Once<Body> {
  answer: Answer<Body>;
  /** null: it is not asked again */
  wait_ms: number | null;
}

async function once<Body>(path: string, init: RequestInit, timeout_ms: number, read: Read<Body>): Promise<Once<Body>> {
  const giveUp = new AbortController();
  const timer = setTimeout(() => giveUp.abort(), timeout_ms);
  try {
    const response = await fetch(`/api/v1/desk/${about(path)}`, {
      ...init,
      headers: { ...init.headers, 'Accept-Language': language.value },
      credentials: 'same-origin',
      cache: 'no-store',
      redirect: 'error',
      signal: giveUp.signal,
    });
    const answer = (await read(response)) ?? (await understood<Body>(response));
    const seconds = COME_BACK.includes(response.status) ? Number.parseInt(response.headers.get('Retry-After') ?? '', 10) : NaN;
    return { answer, wait_ms: seconds >= 0 ? seconds * 1_000 : null };
  } catch {
    return { answer: { kind: 'no_network' }, wait_ms: null };
  } finally {
    clearTimeout(timer);
  }
}

async function understood<Body>(response: Response): Promise<Answer<Body>> {
  if (response.status === 204) return { kind: 'answered', body: null as Body };
  const type = response.headers.get('Content-Type') ?? '';
  if (!type.startsWith('application/json')) {
    return response.status < 500
      ? { kind: 'no_network' }
      : { kind: 'error', error: { code: `http_${response.status}`, message: '', next: '' } };
  }
  const body: unknown = await response.json();
  if (response.ok) return { kind: 'answered', body: body as Body };
  const error = serverError(body, response.status);
  // A wrong password is an answer to the form, not the end of a session.
  return error.code === 'not_signed_in' ? { kind: 'not_signed_in', error } : { kind: 'error', error };
}

function serverError(body: unknown, status: number): ServerError {
  const said = (body ?? {}) as Partial<Record<keyof ServerError, unknown>>;
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  return { code: text(said.code) || `http_${status}`, message: text(said.message), next: text(said.next) };
}
