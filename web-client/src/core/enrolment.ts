// How this phone becomes known to its community: it looks whose an invitation is, begins, shows its key, and asks
// until somebody at the office has compared six digits. Nothing on the phone changes before that; what it has not
// sent stays, whoever it is enrolled for.

import type { Store } from '../storage/store';
import { type DeviceKey, asDevice, deviceKey, makeDeviceKey } from './device-key';
import { agreement, commitment, digitsOf, hex, newNonce } from './invitation';
import { ask, type Language, type ServerError } from './server';
import { sign } from './signature';

export interface Place {
  database: string;
  store: Store;
  /** its records cannot be opened any more */
  gone?: boolean;
  /** it is shut, and may be opened again */
  shut?: boolean;
}

/** After these nobody will compare any more. */
const FINAL = ['no_invitation', 'enrolment_refused', 'device_key_differs', 'wrong_device', 'unreadable_request'];

/** A phone that waits to be compared. */
export interface Coming {
  place: Place;
  /** where this worker's records were, which cannot be opened any more; what is unsent of them is sent from there */
  leaves: Store | null;
  key: DeviceKey;
  name: string;
  /** the device it was until the office stopped that one */
  replaces: string | null;
  worker: { id: string; name: string };
  digits: string;
  shows: string;
}

export interface Enrolled {
  /** what `Phone.enrol` reads */
  enrolment: string;
  /** its code */
  community: string;
}

/** What keeps it from being enrolled; `refused` in the server's words. */
export type NotEnrolled = { outcome: 'no_network' } | { outcome: 'stranger' } | ({ outcome: 'refused' } & ServerError);

interface Invited {
  worker: { id: string; name: string };
  community: { code: string; name: string };
}

interface Begun extends Invited {
  nonce: string;
  home: { public_key: string };
}

/**
 * Takes an invitation up. `placeOf`: the database of a worker; `another`: one beside it, for when the server knows
 * the phone's device as somebody else's.
 */
export async function come(
  code: string,
  language: Language,
  placeOf: (worker: string) => Promise<Place>,
  another: () => Promise<Place>,
): Promise<Coming | NotEnrolled> {
  const looked = await tell<Invited>('look', { code }, language);
  if ('outcome' in looked) return looked;
  let place = await placeOf(looked.worker.id);
  let key = await deviceKey(place.store);
  let replaces: string | null = null;
  let leaves: Store | null = null;
  const goBeside = async () => {
    leaves = place.store;
    replaces = key.id;
    place = await another();
    key = await deviceKey(place.store);
  };
  if (place.gone) await goBeside();
  const nonce = newNonce();
  const begin = async () =>
    tell<Begun>('begin', { code, device: key.id, commitment: await commitment(key, nonce) }, language);
  let begun = await begin();
  if (isRefused(begun, 'wrong_device')) {
    place = await another();
    key = await deviceKey(place.store);
    begun = await begin();
  }
  if (isRefused(begun, 'device_stopped')) {
    replaces = key.id;
    // What is shut stays behind: the server gives no lease for it any more.
    if (place.shut) await goBeside();
    else key = await makeDeviceKey(place.store, 'successor');
    begun = await begin();
  }
  if ('outcome' in begun) return begun;
  const message = await agreement({
    community: begun.community.code,
    code,
    key,
    phone_nonce: nonce,
    home_nonce: begun.nonce,
    home_key: begun.home.public_key,
  });
  const name = deviceName();
  const signature = hex(await sign(key.private_key, message));
  const device = { ...asDevice(key), name, replaces };
  const shows = JSON.stringify({ device, nonce, signature });
  return { place, leaves, key, name, replaces, worker: begun.worker, digits: await digitsOf(message), shows };
}

/** Shows the phone's key, or asks how it stands; null: somebody is still to compare. */
export async function askIn(coming: Coming, language: Language): Promise<Enrolled | NotEnrolled | null> {
  const said = await tell<{ state: string } & Partial<Confirmed>>('show', coming.shows, language);
  // Out of reach, or away for a moment: it goes on waiting.
  if ('outcome' in said) return said.outcome === 'refused' && FINAL.includes(said.code) ? said : null;
  if (said.state !== 'confirmed') return null;
  const { worker, community, home } = said;
  if (!worker || !community || !home) return { outcome: 'stranger' };
  const device = { ...asDevice(coming.key), name: coming.name };
  return { enrolment: JSON.stringify({ worker, community, home, device }), community: community.code };
}

interface Confirmed {
  worker: unknown;
  community: { code: string };
  home: unknown;
}

async function tell<Said extends object>(
  step: 'look' | 'begin' | 'show',
  body: object | string,
  language: Language,
): Promise<Said | NotEnrolled> {
  const answer = await ask({
    path: `/api/v1/enrolments/${step}`,
    method: 'POST',
    language,
    body: typeof body === 'string' ? body : JSON.stringify(body),
    contentType: 'application/json',
    expects: 'application/json',
  });
  if (answer.kind === 'no_network') return { outcome: 'no_network' };
  if (answer.kind === 'stranger') return { outcome: 'stranger' };
  if (answer.kind !== 'body') return { outcome: 'refused', ...answer.error };
  if (!answer.whole) return { outcome: 'no_network' };
  const said = asObject(new TextDecoder().decode(answer.bytes));
  // Some portal's JSON.
  return said && (step === 'show' ? 'state' in said : 'worker' in said) ? (said as Said) : { outcome: 'stranger' };
}

function isRefused(answer: object, code: string): boolean {
  return 'code' in answer && answer.code === code;
}

function asObject(text: string): object | null {
  try {
    const said: unknown = JSON.parse(text);
    return typeof said === 'object' ? said : null;
  } catch {
    return null;
  }
}

/** How the office recognises this phone in its list: the kind of phone, no more. */
export function deviceName(): string {
  const agent = navigator.userAgent;
  const system = /Android|iPhone|iPad|HarmonyOS|Windows|Mac OS|Linux/.exec(agent)?.[0] ?? 'Web';
  const model = /Android [\d.]+; ([^;)]{2,30})/.exec(agent)?.[1]?.trim();
  return model && model !== 'K' ? `${system} ${model}` : system;
}
