// Memory never runs ahead of storage: a change counts when its rows are written, or not at all.

import 'fake-indexeddb/auto';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { StorageFailure } from '../storage/failure';
import { Store } from '../storage/store';
import { newVault } from '../storage/vault.test-helper';
import { fakeModule, type FakePhone } from './fake-phone.test-helper';
import { CoreStopped, Host } from './host';

let store: Store;
let count = 0;

beforeEach(async () => {
  store = new Store(`host-test-${(count += 1)}`);
  await store.becomeWriter();
  store.vault = await newVault();
});

async function opened(phones: FakePhone[] = []): Promise<Host> {
  const host = new Host(fakeModule(phones), store);
  await host.open();
  return host;
}

const record = (host: Host, text: string) =>
  host.change((phone) => phone.record(JSON.stringify(text), '', new Uint8Array()));
const onlyHere = async (host: Host) => (await host.ask<{ only_here: number }>((phone) => phone.status())).only_here;

describe('the host', () => {
  it('keeps what was recorded over a restart', async () => {
    await record(await opened(), 'one');
    expect(await onlyHere(await opened())).toBe(1);
  });

  it('forgets a change whose rows could not be written', async () => {
    const phones: FakePhone[] = [];
    const host = await opened(phones);
    await record(host, 'one');
    vi.spyOn(store, 'commit').mockRejectedValueOnce(new StorageFailure('full'));
    await expect(record(host, 'two')).rejects.toMatchObject({ code: 'full' });
    expect(await onlyHere(host)).toBe(1);
    expect(phones[0]?.freed).toBe(true);
    expect(host.generation).toBe(2);
    await record(host, 'two again');
    expect(await onlyHere(host)).toBe(2);
  });

  it('comes back by itself when reading failed too', async () => {
    const host = await opened();
    vi.spyOn(store, 'commit').mockRejectedValueOnce(new StorageFailure('lost'));
    vi.spyOn(store, 'coreRows').mockRejectedValueOnce(new StorageFailure('lost'));
    await expect(record(host, 'one')).rejects.toMatchObject({ code: 'lost' });
    expect(await onlyHere(host)).toBe(0);
  });

  it('forgets half of what broke off in the core', async () => {
    const host = await opened();
    const half = host.change((phone) => {
      phone.record('"one"', '', new Uint8Array());
      throw new Error('the other half');
    });
    await expect(half).rejects.toThrow('the other half');
    expect(await onlyHere(host)).toBe(0);
  });

  it('does not open again for who asked before it was closed', async () => {
    const phones: FakePhone[] = [];
    const host = await opened(phones);
    host.close();
    await expect(onlyHere(host)).rejects.toMatchObject({ code: 'locked' });
    await expect(record(host, 'one')).rejects.toMatchObject({ code: 'locked' });
    expect(phones.map(({ freed }) => freed)).toEqual([true]);
  });

  it('writes the worker’s rows with the core’s, together', async () => {
    const host = await opened();
    await store.commit([{ store: 'draft', key: 'd', value: 'unfinished' }]);
    await host.change(
      (phone) => phone.record('"x"', '', new Uint8Array()),
      () => [{ store: 'draft', key: 'd', value: null }],
    );
    expect(await store.get('draft', 'd')).toBeUndefined();
    expect(await onlyHere(host)).toBe(1);
  });

  it('says when the core itself has stopped', async () => {
    const host = await opened();
    const trap = () => {
      throw new WebAssembly.RuntimeError('unreachable');
    };
    await expect(host.ask(trap)).rejects.toBeInstanceOf(CoreStopped);
  });
});
