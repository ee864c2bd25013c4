// What an answer means. Whatever did not come from Menpai is no network and loses nothing.

import { afterEach, describe, expect, it, vi } from 'vitest';
import { ask } from './server';

const asking = { path: '/api/v1/sync', method: 'POST', language: 'zh', expects: 'application/gzip' } as const;

function answerWith(body: string, init: ResponseInit): void {
  vi.stubGlobal('fetch', vi.fn().mockResolvedValue(new Response(body, init)));
}

afterEach(() => void vi.unstubAllGlobals());

describe('an answer', () => {
  it('is a body when it is what was asked for', async () => {
    answerWith('zip', { headers: { 'Content-Type': 'application/gzip' } });
    const answer = await ask(asking);
    expect(answer.kind === 'body' && new TextDecoder().decode(answer.bytes)).toBe('zip');
  });

  it('from a captive portal is no network', async () => {
    answerWith('<html>Please log in to the wifi</html>', { headers: { 'Content-Type': 'text/html' } });
    expect(await ask(asking)).toEqual({ kind: 'no_network' });
    answerWith('', { status: 302, headers: { Location: 'http://portal.example/' } });
    expect(await ask(asking)).toEqual({ kind: 'no_network' });
  });

  it('that never comes is no network', async () => {
    vi.stubGlobal('fetch', vi.fn().mockRejectedValue(new TypeError('Failed to fetch')));
    expect(await ask(asking)).toEqual({ kind: 'no_network' });
  });

  it('with 401 asks for signing in, with the server’s words', async () => {
    const error = { code: 'not_signed_in', message: '请重新登录', next: '输入密码' };
    answerWith(JSON.stringify(error), { status: 401, headers: { 'Content-Type': 'application/json' } });
    expect(await ask(asking)).toEqual({ kind: 'not_signed_in', error });
  });

  it('that is the server’s trouble is an error with a code', async () => {
    answerWith('Bad gateway', { status: 502, headers: { 'Content-Type': 'text/html' } });
    expect(await ask(asking)).toMatchObject({ kind: 'error', error: { code: 'http_502' } });
    answerWith('{"code":"internal","message":"m","next":"n","details":null}', { status: 500, headers: { 'Content-Type': 'application/json; charset=utf-8' } });
    expect(await ask(asking)).toMatchObject({ kind: 'error', error: { code: 'internal', message: 'm', next: 'n' } });
  });
});
