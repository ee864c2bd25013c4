// A phone that was restored or cloned becomes another device: all at once, and with the same new device however
// often it breaks off.

import 'fake-indexeddb/auto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Store } from '../storage/store';
import { newVault } from '../storage/vault.test-helper';
import type { Line } from './contact';
import { loadDeviceKey } from './device-key';
import { fakeModule, type FakePhone, identity } from './fake-phone.test-helper';
import { Host } from './host';
import { Queue } from './queue';
import { loadSession } from './session';
import { succeed } from './successor';

let store: Store;
let line: Line;
let phones: FakePhone[];
let count = 0;

beforeEach(async () => {
  store = new Store(`successor-test-${(count += 1)}`);
  await store.becomeWriter();
  store.vault = await newVault();
  phones = [];
  const host = new Host(fakeModule(phones), store);
  await host.open();
  const queue = new Queue();
  line = { host, by: await identity(store), language: 'zh', queued: (job) => queue.run(job), onPart: () => undefined };
});

afterEach(() => void vi.unstubAllGlobals());

const given = () =>
  new Response('{"device":{"id":"x"}}', { headers: { 'Content-Type': 'application/json' } });
const asked = (fetched: ReturnType<typeof vi.fn>, call: number) =>
  JSON.parse(fetched.mock.calls[call]?.[1].body as string) as { id: string; public_key: string; name: string };

describe('a successor', () => {
  it('has another key, and the log knows it in the same transaction', async () => {
    const fetched = vi.fn().mockImplementation(async () => given());
    vi.stubGlobal('fetch', fetched);
    phones[0]!.succeed = (device) => [{ store: 'meta', key: 'enrolment', value: device }];
    const commit = vi.spyOn(store, 'commit');
    const succession = await succeed(line, '红米');
    expect(succession).toMatchObject({ outcome: 'succeeded' });
    expect(fetched.mock.calls[0]?.[0]).toBe('/api/v1/devices/successor');
    expect(fetched.mock.calls[0]?.[1].headers).toMatchObject({ Authorization: expect.stringMatching(/^Menpai /) });
    const device = asked(fetched, 0);
    expect(device).toMatchObject({ name: '红米' });
    expect(device.id).not.toBe(line.by.key.id);
    expect(device.public_key).not.toBe(line.by.key.public_key);
    expect(await loadDeviceKey(store)).toMatchObject({ id: device.id });
    expect(await loadSession(store)).toEqual({ expired: false });
    expect(await store.get('meta', 'enrolment')).toBe(JSON.stringify(device));
    expect(commit.mock.calls.at(-1)?.[0].map(({ key }) => key)).toEqual(['enrolment', 'device', 'successor', 'session']);
  });

  it('is the same one after an answer that was lost, and nothing has changed before', async () => {
    const fetched = vi.fn().mockRejectedValueOnce(new TypeError('no network')).mockImplementation(async () => given());
    vi.stubGlobal('fetch', fetched);
    expect(await succeed(line, '')).toEqual({ outcome: 'no_network' });
    expect(await loadDeviceKey(store)).toMatchObject({ id: line.by.key.id });
    expect(await loadSession(store)).toBeNull();
    expect(await succeed(line, '')).toMatchObject({ outcome: 'succeeded' });
    expect(asked(fetched, 1)).toEqual(asked(fetched, 0));
    expect(await store.get('keys', 'successor')).toBeUndefined();
  });
});
