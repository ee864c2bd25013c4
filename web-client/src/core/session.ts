// Whether this phone is enrolled, kept beside the device key. Forgetting it (the phone is no longer used) touches
// nothing that was recorded.

import type { Store, Write } from '../storage/store';

const SESSION_ROW = 'session';

export interface Session {
  /** the server does not know this phone: enrol it again, keep recording meanwhile */
  expired: boolean;
}

export async function loadSession(store: Store): Promise<Session | null> {
  return (await store.get<Session>('keys', SESSION_ROW)) ?? null;
}

export function keepSession(session: Session): Write {
  return { store: 'keys', key: SESSION_ROW, value: session };
}

export function forgetSession(): Write {
  return { store: 'keys', key: SESSION_ROW, value: null };
}
