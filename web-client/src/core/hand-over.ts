// What a colleague's phone could bring: what only this phone has, signed with its key, to be sealed by the page.
// That it was made is on the flash before anybody gets it: the next contact asks for the receipt first.

import type { Content } from '../courier/seal';
import { noticing, rfc3339 } from './clock';
import { loadDeviceKey } from './device-key';
import type { Host } from './host';
import { sign } from './signature';
import type { PhoneStatus } from './types';

export async function handOver(host: Host): Promise<Content | null> {
  const key = await loadDeviceKey(host.store);
  const { community } = await host.ask<PhoneStatus>((phone) => phone.status());
  if (!key || !community) return null;
  // First by itself: what is written down goes into the outbox, which is a packet too.
  await host.change(noticing(() => ({ result: null, writes: [] })));
  const clock = rfc3339();
  const begun = await host.change((phone) => {
    const { result = null, to_sign = [], writes = [] } = phone.begin_packet(clock) ?? {};
    return { result: result === null ? null : { about: result, to_sign }, writes };
  });
  if (!begun) return null;
  const signatures: Uint8Array[] = [];
  for (const message of begun.to_sign) signatures.push(await sign(key.private_key, message));
  const bytes = await host.use((phone) => phone.packet(signatures));
  const { count, key: sealed_to } = JSON.parse(begun.about) as { count: number; key: string };
  return { bytes, count, key: sealed_to, community: community.code, device: key.id, clock };
}
