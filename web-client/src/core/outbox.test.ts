// What only this phone has lies sealed beside its log: in the transaction in which it is recorded, without gaps, until
// the server has it; and it goes up from a database that nobody can open.

import 'fake-indexeddb/auto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { clearLine } from '../courier/packet';
import { StorageFailure } from '../storage/failure';
import { Store } from '../storage/store';
import { newVault } from '../storage/vault.test-helper';
import { deviceKey } from './device-key';
import { identity, KeepingPhone, keepingModule } from './fake-phone.test-helper';
import { Host } from './host';
import { sendOutbox, waiting } from './outbox';

let store: Store;
let host: Host;
let count = 0;

beforeEach(async () => {
  store = new Store(`outbox-test-${(count += 1)}`);
  await store.becomeWriter();
  store.vault = await newVault();
  await deviceKey(store);
  host = new Host(keepingModule, store);
  await host.open();
});

afterEach(() => void vi.unstubAllGlobals());

const record = () => host.change((phone) => phone.record('"王桂芳"', '', new Uint8Array()));

interface Row { after: number; last: number; count: number; device: string; bytes: Uint8Array }
const packets = () => store.all<Row>('outbox');
const spans = async () => (await packets()).map(({ after, last }) => [after, last]);

describe('the outbox', () => {
  it('has each entry as soon as it is recorded, in packets that follow each other', async () => {
    await record();
    expect(await spans()).toEqual([[0, 1]]);
    for (let more = 0; more < 69; more += 1) await record();
    expect(await spans()).toEqual([[0, 30], [30, 60], [60, 70]]);
    expect(await waiting(store)).toBe(70);
    for (const { bytes, count: entries } of await packets()) {
      expect(clearLine(bytes)?.count).toBe(entries);
      expect(new TextDecoder().decode(bytes)).not.toContain('王桂芳');
    }
  });

  it('is written with the entry or not at all', async () => {
    await record();
    vi.spyOn(store, 'commit').mockRejectedValueOnce(new StorageFailure('full'));
    await expect(record()).rejects.toMatchObject({ code: 'full' });
    expect(await spans()).toEqual([[0, 1]]);
    await record();
    expect(await spans()).toEqual([[0, 2]]);
  });

  it('is made whole at opening, for what was recorded before there was one or as another device', async () => {
    for (let more = 0; more < 3; more += 1) await record();
    const before = (await packets())[0]!;
    const first = '0'.repeat(16);
    await store.commit([
      { store: 'outbox', key: `before/${first}`, value: { ...before, device: 'before' } },
      { store: 'outbox', key: `${before.device}/${first}`, value: null },
    ]);
    const again = new Host(keepingModule, store);
    await again.open();
    expect(await packets()).toMatchObject([{ after: 0, last: 3, device: (await deviceKey(store)).id }]);
  });

  it('lets go of what the server has', async () => {
    for (let more = 0; more < 65; more += 1) await record();
    const only = (here: number) => vi.spyOn(KeepingPhone.prototype, 'status').mockReturnValueOnce(JSON.stringify({ only_here: here }));
    only(35);
    await host.trimOutbox();
    expect(await spans()).toEqual([[30, 60], [60, 65]]);
    only(5);
    await host.trimOutbox();
    expect(await spans()).toEqual([[60, 65]]);
    only(0);
    await host.trimOutbox();
    expect(await spans()).toEqual([]);
  });

  it('leaves what it brought to whoever opened the records meanwhile', async () => {
    await record();
    const [by, vault] = [await identity(store), store.vault];
    store.vault = null;
    vi.stubGlobal('fetch', vi.fn().mockImplementation(async () => {
      store.vault = vault;
      return new Response('{"arrived":"2026-11-24T09:00:00.000Z"}', { headers: { 'Content-Type': 'application/json' } });
    }));
    expect(await sendOutbox(store, by, 'zh')).toMatchObject({ sent: 0 });
    expect(await spans()).toEqual([[0, 1]]);
  });

  it('goes up without the key of the records, in order, and what was refused is tried again later', async () => {
    for (let more = 0; more < 35; more += 1) await record();
    const by = await identity(store);
    store.vault = null;
    const said = (body: string, status = 200) => new Response(body, { status, headers: { 'Content-Type': 'application/json' } });
    const fetched = vi.fn()
      .mockRejectedValueOnce(new TypeError('no network'))
      .mockImplementationOnce(async () => said('{"code":"packet_refused","message":"m","next":"n"}', 400))
      .mockImplementation(async () => said('{"arrived":"2026-11-24T09:00:00.000Z"}'));
    vi.stubGlobal('fetch', fetched);
    expect(await sendOutbox(store, by, 'zh')).toMatchObject({ outcome: 'no_network', sent: 0 });
    expect(await sendOutbox(store, by, 'zh')).toMatchObject({ outcome: 'server_error', sent: 0 });
    expect(await waiting(store)).toBe(35);
    const later = Date.now() + 3_700_000;
    expect(await sendOutbox(store, by, 'zh', later)).toMatchObject({ outcome: 'answered', sent: 35 });
    expect(await waiting(store)).toBe(0);
    expect(fetched).toHaveBeenCalledTimes(4);
  });
});
