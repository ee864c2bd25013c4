// The few requests to the community's server, and what any answer means. Three things are told apart: nobody
// answered, somebody else did (a portal's page, a redirect, an empty answer), or our server. None loses anything,
// and only our server's own words can end a session.

import { authorise, type HomeClock, type Identity } from './signed-request';

const TIMEOUT_MS = 45_000;
/** Statuses with which a server says when to come back. */
const COME_BACK = [429, 503];
/** No server's word keeps a phone away for longer. */
const LONGEST_WAIT_MS = 15 * 60_000;
/** How gzip begins. */
const GZIP_MAGIC = [0x1f, 0x8b];
/** The codes of a 401 that this server gives (docs/protocol.md section 11); a proxy's 401 has none of them. */
const SIGNED_OUT = ['not_signed_in', 'wrong_credentials'];
/** 511: the network wants a login; it says so itself. */
const LOGIN_REQUIRED = 511;

export interface ServerError {
  code: string;
  message: string;
  next: string;
}

/** What the office has done to this phone: `lost`: what can be read on it is to go. */
export type Stopped = 'stopped' | 'lost';

export type Answer =
  /** not `whole`: the connection broke in it; what is here came before */
  | { kind: 'body'; bytes: Uint8Array; whole: boolean; stopped: Stopped | null }
  | NoAnswer;

type NoAnswer =
  | { kind: 'no_network' }
  /** somebody answered, and it was not Menpai */
  | { kind: 'stranger' }
  | { kind: 'not_signed_in'; error: ServerError }
  /** with `wait_ms`: nothing was done, and it is not to be asked again for so long */
  | { kind: 'error'; error: ServerError; wait_ms?: number };

/** A body that is read as it comes. */
export interface Opened {
  kind: 'opened';
  status: number;
  tag: string | null;
  stopped: Stopped | null;
  /** the next piece; `broken`: the connection ended, or nothing came for too long */
  next(): Promise<Uint8Array | 'end' | 'broken'>;
}

export type Language = 'zh' | 'en';

interface Asking {
  path: string;
  method: 'GET' | 'POST' | 'DELETE';
  language: Language;
  /** who signs it; what is not signed is for those who are not enrolled yet */
  by?: Identity;
  /** what of the body is signed; all of it if this is left out */
  signs?: Uint8Array;
  body?: string | Uint8Array<ArrayBuffer>;
  contentType?: string;
  headers?: Record<string, string>;
  /** the content type a good answer has; anything else did not come from Menpai */
  expects: 'application/gzip' | 'application/json';
}

export async function ask(asking: Asking): Promise<Answer> {
  const opened = await open(asking);
  if (opened.kind !== 'opened') return opened;
  const pieces: Uint8Array[] = [];
  let piece = await opened.next();
  for (; piece !== 'end' && piece !== 'broken'; piece = await opened.next()) pieces.push(piece);
  const bytes = joined(pieces);
  const whole = piece === 'end';
  if (!whole && bytes.length === 0) return { kind: 'no_network' };
  const fits = asking.expects === 'application/gzip' ? begins(bytes, GZIP_MAGIC) : bytes.length > 0;
  return fits ? { kind: 'body', bytes, whole, stopped: opened.stopped } : { kind: 'stranger' };
}

/** Asks for a body of which each piece counts, whether or not the next one comes. */
export async function open(asking: Asking): Promise<Opened | NoAnswer> {
  const giveUp = new AbortController();
  const inTime = async <T>(step: () => Promise<T>): Promise<T> => {
    const timer = setTimeout(() => giveUp.abort(), TIMEOUT_MS);
    return step().finally(() => clearTimeout(timer));
  };
  try {
    let response = await inTime(() => send(asking, giveUp.signal));
    if (asking.by && (await inTime(() => wantsAnew(response, asking.by?.clock)))) {
      response = await inTime(() => send(asking, giveUp.signal));
    }
    if (!isExpected(response, asking.expects)) return await inTime(() => failed(response));
    const reader = response.body?.getReader();
    return {
      kind: 'opened',
      status: response.status,
      tag: response.headers.get('ETag'),
      stopped: stoppedBy(response.headers.get('Menpai-Phone')),
      next: () =>
        inTime(async () => {
          const piece = await reader?.read();
          return piece?.value ?? ('end' as const);
        }).catch(() => 'broken' as const),
    };
  } catch {
    return { kind: 'no_network' };
  }
}

async function send(asking: Asking, signal: AbortSignal): Promise<Response> {
  const headers: Record<string, string> = { ...asking.headers, 'Accept-Language': asking.language };
  if (asking.by) headers['Authorization'] = await authorise(asking.by, asking.method, asking.path, contentOf(asking));
  if (asking.contentType) headers['Content-Type'] = asking.contentType;
  return fetch(asking.path, {
    method: asking.method,
    headers,
    body: asking.body,
    signal,
    cache: 'no-store',
    credentials: 'omit',
    // A captive portal redirects; following it would send the log to a stranger.
    redirect: 'manual',
  });
}

function stoppedBy(said: string | null): Stopped | null {
  return said === 'lost' || said === 'stopped' ? said : null;
}

function contentOf({ body, signs }: Asking): Uint8Array | null {
  if (signs) return signs;
  return typeof body === 'string' ? new TextEncoder().encode(body) : (body ?? null);
}

/**
 * The server wants it signed anew: by its own clock, which it says, or since something on the way sent it twice.
 * Asked once more, then what it says is believed.
 */
async function wantsAnew(response: Response, clock: HomeClock | undefined): Promise<boolean> {
  if (response.ok || ![401, 409].includes(response.status)) return false;
  const said = (await response.clone().json().catch(() => null)) as { code?: unknown; details?: { now_ms?: unknown } } | null;
  if (said?.code === 'request_repeated') return true;
  const now = said?.details?.now_ms;
  if (said?.code !== 'clock_off' || typeof now !== 'number' || !clock) return false;
  clock.offset_ms = now - Date.now();
  return true;
}

function isExpected(response: Response, expects: string): boolean {
  return response.ok && (response.headers.get('Content-Type') ?? '').startsWith(expects);
}

async function failed(response: Response): Promise<NoAnswer> {
  const error = response.ok ? null : await serverError(response);
  if (error) {
    const signedOut = response.status === 401 && SIGNED_OUT.includes(error.code);
    return signedOut ? { kind: 'not_signed_in', error } : { kind: 'error', error, ...asksToWait(response) };
  }
  const ours = response.status >= 500 && response.status !== LOGIN_REQUIRED;
  // What stands before our server says that our server is down.
  if (!ours) return { kind: 'stranger' };
  return { kind: 'error', error: { code: `http_${response.status}`, message: '', next: '' }, ...asksToWait(response) };
}

function asksToWait({ status, headers }: Response): { wait_ms?: number } {
  const seconds = Number.parseInt(headers.get('Retry-After') ?? '', 10);
  if (!COME_BACK.includes(status) || !(seconds >= 0)) return {};
  return { wait_ms: Math.min(seconds * 1_000, LONGEST_WAIT_MS) };
}

/** The words of our server; null where somebody else speaks. */
async function serverError(response: Response): Promise<ServerError | null> {
  if (!(response.headers.get('Content-Type') ?? '').startsWith('application/json')) return null;
  const text = await response.text();
  try {
    const said = (JSON.parse(text) ?? {}) as Partial<Record<keyof ServerError, unknown>>;
    const { code, message, next } = said;
    return typeof code === 'string' && typeof message === 'string' && typeof next === 'string' ? { code, message, next } : null;
  } catch {
    return null;
  }
}

function begins(bytes: Uint8Array, magic: number[]): boolean {
  return magic.every((byte, index) => bytes[index] === byte);
}

function joined(pieces: Uint8Array[]): Uint8Array {
  const all = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
