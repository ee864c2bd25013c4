// Making this phone known to the community, and signing it in again later.
// Today: account and password at the community's own server. Enrolment by the office
// (a code, a key checked by a person) comes in here and nowhere else.

import type { Store } from '../storage/store';
import type { SignInResult } from './calls';
import { asDevice, deviceKey } from './device-key';
import { ask, type Language } from './server';

export interface Enrolled {
  token: string;
  /** what `Phone.enrol` reads */
  enrolment: string;
}

export type EnrolmentAnswer = { enrolled: Enrolled } | { result: SignInResult };

export async function signIn(
  store: Store,
  account: string,
  password: string,
  language: Language,
): Promise<EnrolmentAnswer> {
  const key = await deviceKey(store);
  const device = { ...asDevice(key), name: deviceName() };
  const answer = await ask({
    path: '/api/v1/sessions',
    method: 'POST',
    language,
    body: JSON.stringify({ account, password, device }),
    contentType: 'application/json',
    expects: 'application/json',
  });
  if (answer.kind === 'no_network') return { result: { outcome: 'no_network' } };
  if (answer.kind === 'stranger') return { result: { outcome: 'stranger' } };
  if (answer.kind !== 'body') return { result: { outcome: 'refused', ...answer.error } };
  if (!answer.whole) return { result: { outcome: 'no_network' } };
  const session = asSession(new TextDecoder().decode(answer.bytes));
  if (!session) return { result: { outcome: 'stranger' } };
  const { token, worker, community, home } = session;
  return { enrolled: { token, enrolment: JSON.stringify({ token, worker, community, home, device }) } };
}

interface SessionAnswer {
  token: string;
  worker: unknown;
  community: unknown;
  home: unknown;
}

/** Null: some portal's JSON. */
function asSession(text: string): SessionAnswer | null {
  try {
    const said = JSON.parse(text) as Partial<SessionAnswer> | null;
    return typeof said?.token === 'string' && said.worker && said.community && said.home ? (said as SessionAnswer) : null;
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
