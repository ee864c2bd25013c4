// Shut, a phone tells nothing of whose it was, and nothing opens it but the PIN; not what was asked before.

import 'fake-indexeddb/auto';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { FromWorker, WorkerState } from './calls';
import { fakeModule, type FakePhone } from './fake-phone.test-helper';

const PIN = '283746';
const told: WorkerState[] = [];
const phones: FakePhone[] = [];

vi.stubGlobal('self', {
  name: 'menpai',
  postMessage: (message: FromWorker) => {
    if ('event' in message && message.event === 'state') told.push(structuredClone(message.state));
  },
});
vi.stubGlobal('navigator', {});
const { here, state, tell, first } = await import('./here');
const { chooseFirstPin, shut, unlock } = await import('./gate');

beforeAll(async () => {
  await first.becomeWriter();
  here.module = fakeModule(phones);
  expect(await chooseFirstPin(PIN)).toEqual({ outcome: 'opened' });
}, 60_000);

afterAll(() => void vi.unstubAllGlobals());

it('tells nothing of it that was asked before', { timeout: 60_000 }, async () => {
  expect([state.phase, state.phone]).toMatchObject(['ready', { only_here: 0 }]);
  const own = here.host;
  const asked = tell();
  const shutting = shut();
  const late = tell();
  await Promise.all([asked, shutting, late]);
  await expect(own?.ask((phone) => phone.status())).rejects.toMatchObject({ code: 'locked' });
  expect(first.vault).toBeNull();
  expect(phones.every(({ freed }) => freed)).toBe(true);
  const shown = told.filter(({ phase }) => phase !== 'ready');
  expect(shown.map(({ phone }) => phone)).toEqual(shown.map(() => null));
  expect(told.at(-1)).toMatchObject({ phase: 'locked', locked: { why: 'pin' } });
  expect(await unlock('283745')).toEqual({ outcome: 'wrong', tries_left: 4 });
  expect(first.vault).toBeNull();
});

it('has no key where its rows cannot be read, though the PIN was right', { timeout: 60_000 }, async () => {
  const { module } = here;
  here.module = null;
  await expect(unlock(PIN)).rejects.toMatchObject({ code: 'not_writer' });
  expect(first.vault).toBeNull();
  here.module = module;
  expect(await unlock(PIN)).toEqual({ outcome: 'opened' });
  expect(state.phase).toBe('ready');
});
