// What is handed over is signed with the device key, and known to have been made before anybody gets it.

import 'fake-indexeddb/auto';
import { beforeEach, expect, it, vi } from 'vitest';
import { Store } from '../storage/store';
import { newVault } from '../storage/vault.test-helper';
import { deviceKey } from './device-key';
import { fakeModule, type FakePhone } from './fake-phone.test-helper';
import { handOver } from './hand-over';
import { Host } from './host';

let store: Store;
let host: Host;
let phone: FakePhone;
let count = 0;

beforeEach(async () => {
  store = new Store(`hand-over-test-${(count += 1)}`);
  await store.becomeWriter();
  store.vault = await newVault();
  const phones: FakePhone[] = [];
  host = new Host(fakeModule(phones), store);
  await host.open();
  phone = phones[0]!;
  phone.status = () => JSON.stringify({ only_here: 2, community: { code: '410102002005', name: 'x' } });
});

it('is signed and kept in mind, then given out with what its line says', async () => {
  const { id } = await deviceKey(store);
  phone.begin_packet = () => ({
    to_sign: [new Uint8Array([1])],
    result: '{"count":2,"key":"04aa"}',
    writes: [{ store: 'meta', key: 'contact', value: '{"handed":2}' }],
  });
  const packet = vi.spyOn(phone, 'packet');
  const content = await handOver(host);
  expect(content).toMatchObject({ bytes: new Uint8Array([3]), count: 2, key: '04aa', community: '410102002005', device: id });
  expect(Number.isNaN(Date.parse(content!.clock))).toBe(false);
  expect((packet.mock.calls[0] as unknown[])[0]).toMatchObject([{ length: 64 }]);
  expect(await store.get('meta', 'contact')).toBe('{"handed":2}');
});

it('is nothing where the core has nothing to hand over, or nobody has signed in', async () => {
  expect(await handOver(host)).toBeNull();
  await deviceKey(store);
  expect(await handOver(host)).toBeNull();
});
