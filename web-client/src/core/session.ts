// The session token, kept beside the device key and never shown to the page.
// Forgetting it (signing out) touches nothing that was recorded.

import type { Store, Write } from '../storage/store';

const SESSION_ROW = 'session';

export interface Session {
  token: string;
  /** the server said 401 since: sign in again, keep recording meanwhile */
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
