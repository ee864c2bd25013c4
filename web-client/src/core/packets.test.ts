// A colleague's packets: durable until the server has them, brought in order, never lost by an answer.

import 'fake-indexeddb/auto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Store } from '../storage/store';
import { identity } from './fake-phone.test-helper';
import { type Courier, bringPackets, dropPacket, listPackets, takePacket } from './packets';

const me = { device: 'mine', community: '410102002005', offset_ms: 500 };
let courier: Courier;
let store: Store;
let count = 0;

beforeEach(async () => {
  store = new Store(`packets-test-${(count += 1)}`);
  await store.becomeWriter();
  courier = { by: await identity(store), language: 'zh', offset_ms: 500 };
});

afterEach(() => void vi.unstubAllGlobals());

function packet(number: number, more: object = {}): Uint8Array {
  const line = { menpai_packet: 1, community: me.community, key: 'k', device: `phone-${number}`, count: number, clock: '2026-11-24T17:30:00.000+08:00', ...more };
  return new Uint8Array([...new TextEncoder().encode(`${JSON.stringify(line)}\n`), ...new Uint8Array(81).fill(number)]);
}

const json = (value: unknown, status = 200) => new Response(JSON.stringify(value), { status, headers: { 'Content-Type': 'application/json' } });
const arrived = () => json({ arrived: '2026-11-24T12:00:00.000Z' });

/** What is listed: count, and how far it has come. */
async function listed(): Promise<[number, string][]> {
  return (await listPackets(store)).map(({ count: n, arrived_at, refused }) => [n, arrived_at ? 'arrived' : (refused?.code ?? 'waiting')]);
}

describe('packets of colleagues', () => {
  it('are kept once, whole, and only where this phone can bring them', async () => {
    expect(await takePacket(store, packet(1), me)).toBe('taken');
    expect(await takePacket(store, packet(1), me)).toBe('known');
    expect(await takePacket(store, packet(2, { device: 'mine' }), me)).toBe('own');
    expect(await takePacket(store, packet(2, { community: '410102002006' }), me)).toBe('other_community');
    expect(await takePacket(store, packet(2).subarray(0, 90), me)).toBe('no_packet');
    // Another window, another start: it is on the flash.
    expect((await new Store(`packets-test-${count}`).all<{ bytes: Uint8Array }>('packet'))[0]?.bytes).toEqual(packet(1));
  });

  it('go up with both clocks, and are forgotten when the server has them', async () => {
    await takePacket(store, packet(1), me);
    const fetched = vi.fn().mockImplementation(async () => arrived());
    vi.stubGlobal('fetch', fetched);
    expect(await bringPackets(store, courier)).toMatchObject({ outcome: 'answered', changed: 1 });
    const [address, { body, headers }] = fetched.mock.calls[0]!;
    expect([address, headers.Authorization.split(' ')[0], headers['Content-Type']]).toEqual(['/api/v1/courier', 'Menpai', 'application/octet-stream']);
    const end = (body as Uint8Array).indexOf(0x0a);
    const line = JSON.parse(new TextDecoder().decode((body as Uint8Array).subarray(0, end)));
    expect(Object.keys(line)).toEqual(['menpai', 'clock', 'handed']);
    expect((body as Uint8Array).subarray(end + 1)).toEqual(packet(1));
    expect(await listed()).toEqual([[1, 'arrived']]);
    expect((await listPackets(store))[0]?.bytes).toBeNull();
    expect(await takePacket(store, packet(1), me)).toBe('known');
    await bringPackets(store, courier);
    expect(fetched).toHaveBeenCalledTimes(1);
  });

  it('say when they were handed over by the clock of now, also where it was set since', async () => {
    await takePacket(store, packet(1), me);
    const taken = Date.parse((await listPackets(store))[0]!.taken_at);
    const fetched = vi.fn().mockImplementation(async () => arrived());
    vi.stubGlobal('fetch', fetched);
    // Set back by an hour since: the server is an hour further ahead.
    await bringPackets(store, { ...courier, offset_ms: 500 + 3_600_000 });
    const line = JSON.parse(new TextDecoder().decode(fetched.mock.calls[0]![1].body).split('\n')[0]!);
    expect(Date.parse(line.handed)).toBe(taken - 3_600_000);
  });

  it('stay where nobody, somebody else or a broken server answers', async () => {
    await takePacket(store, packet(1), me);
    const answers: [() => Promise<Response>, string][] = [
      [() => Promise.reject(new TypeError('offline')), 'no_network'],
      [async () => new Response('<html>', { headers: { 'Content-Type': 'text/html' } }), 'stranger'],
      [async () => json({ hello: 1 }), 'stranger'],
      [async () => json({ code: 'internal', message: 'm', next: 'n' }, 500), 'server_error'],
      [async () => json({ code: 'not_found', message: 'm', next: 'n' }, 404), 'server_error'],
      [async () => json({ code: 'not_signed_in', message: 'm', next: 'n' }, 401), 'not_signed_in'],
    ];
    for (const [answer, outcome] of answers) {
      vi.stubGlobal('fetch', answer);
      expect(await bringPackets(store, courier)).toMatchObject({ outcome, changed: 0 });
      expect(await listed()).toEqual([[1, 'waiting']]);
    }
  });

  it('that are refused stay with the reason, and hold up no other', async () => {
    await takePacket(store, packet(1), me);
    await new Promise((resolve) => setTimeout(resolve, 2));
    await takePacket(store, packet(2), me);
    const refusal = { code: 'packet_refused', message: 'm', next: 'n' };
    vi.stubGlobal('fetch', vi.fn().mockResolvedValueOnce(json(refusal, 422)).mockImplementation(async () => arrived()));
    expect(await bringPackets(store, courier)).toMatchObject({ outcome: 'answered', changed: 2 });
    expect(await listed()).toEqual([[2, 'arrived'], [1, 'packet_refused']]);
    // Not again at once; and only what was refused can be given up.
    const refused = (await listPackets(store))[1]!;
    expect(await bringPackets(store, courier)).toMatchObject({ changed: 0 });
    await takePacket(store, packet(3), me);
    await dropPacket(store, (await listPackets(store))[0]!.id);
    await dropPacket(store, refused.id);
    expect((await listed()).map(([n]) => n).sort()).toEqual([2, 3]);
  });
});
