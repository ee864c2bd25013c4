// The few requests to the community's server, and what any answer means.
// Whatever is not an answer of Menpai (a portal page, a redirect, silence) is no network: nothing is lost by it.

const TIMEOUT_MS = 45_000;

export interface ServerError {
  code: string;
  message: string;
  next: string;
}

export type Answer =
  | { kind: 'body'; bytes: Uint8Array }
  | { kind: 'no_network' }
  | { kind: 'not_signed_in'; error: ServerError }
  | { kind: 'error'; error: ServerError };

/** A body that is read as it comes. */
export interface Opened {
  kind: 'opened';
  status: number;
  tag: string | null;
  /** the next piece; `broken`: the connection ended, or nothing came for too long */
  next(): Promise<Uint8Array | 'end' | 'broken'>;
}

export type Language = 'zh' | 'en';

interface Asking {
  path: string;
  method: 'GET' | 'POST' | 'DELETE';
  language: Language;
  token?: string;
  body?: BodyInit;
  contentType?: string;
  headers?: Record<string, string>;
  /** the content type a good answer has; anything else did not come from Menpai */
  expects: string;
}

export async function ask(asking: Asking): Promise<Answer> {
  const giveUp = new AbortController();
  const timer = setTimeout(() => giveUp.abort(), TIMEOUT_MS);
  try {
    const response = await send(asking, giveUp.signal);
    if (!isExpected(response, asking.expects)) return await failed(response);
    // Read here, inside the timeout: a body that stops half-way is no answer.
    return { kind: 'body', bytes: new Uint8Array(await response.arrayBuffer()) };
  } catch {
    return { kind: 'no_network' };
  } finally {
    clearTimeout(timer);
  }
}

/** Asks for a body of which each piece counts, whether or not the next one comes. */
export async function open(asking: Asking): Promise<Opened | Exclude<Answer, { kind: 'body' }>> {
  const giveUp = new AbortController();
  const inTime = async <T>(step: () => Promise<T>): Promise<T> => {
    const timer = setTimeout(() => giveUp.abort(), TIMEOUT_MS);
    return step().finally(() => clearTimeout(timer));
  };
  try {
    const response = await inTime(() => send(asking, giveUp.signal));
    if (!isExpected(response, asking.expects)) return await inTime(() => failed(response));
    const reader = response.body?.getReader();
    return {
      kind: 'opened',
      status: response.status,
      tag: response.headers.get('ETag'),
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

function send(asking: Asking, signal: AbortSignal): Promise<Response> {
  const headers: Record<string, string> = { ...asking.headers, 'Accept-Language': asking.language };
  if (asking.token) headers['Authorization'] = `Bearer ${asking.token}`;
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

function isExpected(response: Response, expects: string): boolean {
  return response.ok && (response.headers.get('Content-Type') ?? '').startsWith(expects);
}

async function failed(response: Response): Promise<Exclude<Answer, { kind: 'body' }>> {
  const type = response.headers.get('Content-Type') ?? '';
  if (!type.startsWith('application/json')) {
    if (response.status < 500) return { kind: 'no_network' };
    return { kind: 'error', error: { code: `http_${response.status}`, message: '', next: '' } };
  }
  const error = asServerError(await response.json(), response.status);
  return response.status === 401 ? { kind: 'not_signed_in', error } : { kind: 'error', error };
}

function asServerError(value: unknown, status: number): ServerError {
  const said = (value ?? {}) as Partial<Record<keyof ServerError, unknown>>;
  return {
    code: typeof said.code === 'string' ? said.code : `http_${status}`,
    message: typeof said.message === 'string' ? said.message : '',
    next: typeof said.next === 'string' ? said.next : '',
  };
}
