// A phone that was restored or cloned becomes another device: its log went on elsewhere under the old one.
// A new key pair, the server's word, then one transaction in which key and log change together:
// whenever it breaks off, the next contact goes on with the same new device.

import type { Line } from './contact';
import { type DeviceKey, asDevice, makeDeviceKey, replaceDeviceKey } from './device-key';
import { ask, type ServerError } from './server';
import { keepSession } from './session';

export type Succession =
  | { outcome: 'succeeded'; key: DeviceKey }
  | { outcome: 'no_network' }
  | { outcome: 'stranger' }
  | { outcome: 'not_signed_in' | 'server_error'; error: ServerError; wait_ms?: number };

export async function succeed(line: Line, name: string): Promise<Succession> {
  const { host, by, language, queued } = line;
  const key = await queued(() => makeDeviceKey(host.store, 'successor'));
  const device = { ...asDevice(key), name };
  const answer = await ask({
    path: '/api/v1/devices/successor',
    method: 'POST',
    language,
    by,
    body: JSON.stringify(device),
    contentType: 'application/json',
    expects: 'application/json',
  });
  if (answer.kind === 'no_network') return { outcome: 'no_network' };
  if (answer.kind === 'stranger') return { outcome: 'stranger' };
  if (answer.kind === 'not_signed_in') return { outcome: 'not_signed_in', error: answer.error };
  if (answer.kind !== 'body') return { outcome: 'server_error', error: answer.error, wait_ms: answer.wait_ms };
  if (!answer.whole) return { outcome: 'no_network' };
  await queued(() =>
    host.change(
      (phone) => ({ result: null, writes: phone.succeed(JSON.stringify(device)) }),
      () => [...replaceDeviceKey(key), keepSession({ expired: false })],
    ),
  );
  return { outcome: 'succeeded', key };
}
