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

export type Language = 'zh' | 'en';

interface Asking {
  path: string;
  method: 'POST' | 'DELETE';
  language: Language;
  token?: string;
  body?: BodyInit;
  contentType?: string;
  /** the content type a good answer has; anything else did not come from Menpai */
  expects: string;
}

export async function ask(asking: Asking): Promise<Answer> {
  const giveUp = new AbortController();
  const timer = setTimeout(() => giveUp.abort(), TIMEOUT_MS);
  const headers: Record<string, string> = { 'Accept-Language': asking.language };
  if (asking.token) headers['Authorization'] = `Bearer ${asking.token}`;
  if (asking.contentType) headers['Content-Type'] = asking.contentType;
  try {
    const response = await fetch(asking.path, {
      method: asking.method,
      headers,
      body: asking.body,
      signal: giveUp.signal,
      cache: 'no-store',
      credentials: 'omit',
      // A captive portal redirects; following it would send the log to a stranger.
      redirect: 'manual',
    });
    return await understood(response, asking.expects);
  } catch {
    return { kind: 'no_network' };
  } finally {
    clearTimeout(timer);
  }
}

async function understood(response: Response, expects: string): Promise<Answer> {
  const type = response.headers.get('Content-Type') ?? '';
  if (response.ok && type.startsWith(expects)) {
    // Read here, inside the timeout: a body that stops half-way is no answer.
    return { kind: 'body', bytes: new Uint8Array(await response.arrayBuffer()) };
  }
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
