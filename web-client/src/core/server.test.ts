// What an answer means: nobody's, a stranger's or our server's.

import { afterEach, describe, expect, it, vi } from 'vitest';
import { ask } from './server';

const asking = { path: '/api/v1/sync', method: 'POST', language: 'zh', expects: 'application/gzip' } as const;

const GZIP = new Uint8Array([0x1f, 0x8b, 8]);

/** A body whose connection breaks after these pieces. */
function cut(pieces: Uint8Array[]): Response {
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      const piece = pieces.shift();
      if (piece) controller.enqueue(piece);
      else controller.error(new TypeError('network error'));
    },
  });
  return new Response(stream, { headers: { 'Content-Type': 'application/gzip' } });
}

function answerWith(body: BodyInit | null, init: ResponseInit): void {
  vi.stubGlobal('fetch', vi.fn().mockResolvedValue(new Response(body, init)));
}

afterEach(() => void vi.unstubAllGlobals());

describe('an answer', () => {
  it('is a body when it is what was asked for', async () => {
    answerWith(GZIP, { headers: { 'Content-Type': 'application/gzip' } });
    expect(await ask(asking)).toEqual({ kind: 'body', bytes: GZIP, whole: true, stopped: null });
  });

  it('that breaks off gives what came before', async () => {
    const pieces = [GZIP, new Uint8Array([1, 2])];
    vi.stubGlobal('fetch', vi.fn().mockResolvedValue(cut(pieces)));
    expect(await ask(asking)).toEqual({ kind: 'body', bytes: new Uint8Array([...GZIP, 1, 2]), whole: false, stopped: null });
    vi.stubGlobal('fetch', vi.fn().mockResolvedValue(cut([])));
    expect(await ask(asking)).toEqual({ kind: 'no_network' });
  });

  it('that never comes is no network', async () => {
    vi.stubGlobal('fetch', vi.fn().mockRejectedValue(new TypeError('Failed to fetch')));
    expect(await ask(asking)).toEqual({ kind: 'no_network' });
  });

  it.each([
    ['a page', '<html>Please log in</html>', { headers: { 'Content-Type': 'text/html' } }],
    ['a page that calls itself gzip', '<html>', { headers: { 'Content-Type': 'application/gzip' } }],
    ['nothing at all', null, { status: 200 }],
    ['nothing that calls itself gzip', null, { headers: { 'Content-Type': 'application/gzip' } }],
    ['a redirect', null, { status: 302, headers: { Location: 'http://portal.example/' } }],
    ['a network that wants a login', '<html>', { status: 511, headers: { 'Content-Type': 'text/html' } }],
    ['a proxy that wants a password', '{"error":"login"}', { status: 401, headers: { 'Content-Type': 'application/json' } }],
    ['a proxy with a code of its own', '{"code":"x","message":"m","next":3}', { status: 401, headers: { 'Content-Type': 'application/json' } }],
    ['broken JSON', '{', { status: 403, headers: { 'Content-Type': 'application/json' } }],
  ])('from a stranger is known as such: %s', async (_, body, init) => {
    answerWith(body, init);
    expect(await ask(asking)).toEqual({ kind: 'stranger' });
  });

  it('with 401 asks for signing in, with the server’s words', async () => {
    const error = { code: 'not_signed_in', message: '请重新登录', next: '输入密码' };
    answerWith(JSON.stringify(error), { status: 401, headers: { 'Content-Type': 'application/json' } });
    expect(await ask(asking)).toEqual({ kind: 'not_signed_in', error });
    answerWith(JSON.stringify({ ...error, code: 'portal' }), { status: 401, headers: { 'Content-Type': 'application/json' } });
    expect(await ask(asking)).toMatchObject({ kind: 'error' });
  });

  it('that is the server’s trouble is an error with a code', async () => {
    answerWith('Bad gateway', { status: 502, headers: { 'Content-Type': 'text/html' } });
    expect(await ask(asking)).toMatchObject({ kind: 'error', error: { code: 'http_502' } });
    answerWith('{"code":"internal","message":"m","next":"n","details":null}', { status: 500, headers: { 'Content-Type': 'application/json; charset=utf-8' } });
    expect(await ask(asking)).toMatchObject({ kind: 'error', error: { code: 'internal', message: 'm', next: 'n' } });
  });
});
