// Who sits at the desk. One session per page: the first 401 of any request ends it here,
// and the sign-in page comes back with the reason.

import { computed, ref } from 'vue';
import type { SignedIn } from '../server/answers';
import { elsewhere } from '../server/elsewhere';
import { get, post, remove, type Answer, type Failed, type ServerError } from '../server/ask';
import { showPasskey, type Ceremony } from './passkeys';

type State =
  | { phase: 'checking' }
  | { phase: 'unreachable' }
  | { phase: 'signed_out'; because: 'start' | 'ended' | 'left' }
  | { phase: 'signed_in'; who: SignedIn };

export type SignInFailure = { kind: 'no_network' } | { kind: 'refused'; error: ServerError };

const state = ref<State>({ phase: 'checking' });

async function check(): Promise<void> {
  state.value = { phase: 'checking' };
  const answer = await get<SignedIn>('sessions/current');
  if (answer.kind === 'answered') state.value = { phase: 'signed_in', who: answer.body };
  else if (answer.kind === 'not_signed_in') state.value = { phase: 'signed_out', because: 'start' };
  else state.value = { phase: 'unreachable' };
}

/** `code`: of an authenticator or a recovery code, `new_password`: in the place of one of the office; each once the
    server has asked for it. */
async function signIn(account: string, password: string, code: string | null, new_password: string | null = null): Promise<SignInFailure | null> {
  return signedIn(await post<SignedIn>('sessions', { account, password, code, new_password }));
}

/** Null where somebody turned away: nothing failed. */
async function signInWithPasskey(): Promise<SignInFailure | null> {
  const begun = await post<Ceremony>('sessions/passkey/begin');
  if (begun.kind !== 'answered') return signedIn(begun);
  const shown = await showPasskey(begun.body);
  if (shown.kind !== 'done') return null;
  return signedIn(await post<SignedIn>('sessions/passkey', { ceremony: begun.body.ceremony, credential: shown.credential }));
}

function signedIn(answer: Answer<SignedIn> | Failed): SignInFailure | null {
  if (answer.kind === 'answered') {
    state.value = { phase: 'signed_in', who: answer.body };
    return null;
  }
  return answer.kind === 'no_network' ? { kind: 'no_network' } : { kind: 'refused', error: answer.error };
}

async function signOut(): Promise<Failed | null> {
  const answer = await remove('sessions/current');
  if (answer.kind === 'no_network' || answer.kind === 'error') return answer;
  elsewhere.value = null;
  state.value = { phase: 'signed_out', because: 'left' };
  return null;
}

/** Every answer passes here, so that an ended session is seen wherever it shows first. */
function notice<Body>(answer: Answer<Body>): Answer<Body> {
  if (answer.kind === 'not_signed_in' && state.value.phase === 'signed_in') {
    elsewhere.value = null;
    state.value = { phase: 'signed_out', because: 'ended' };
  }
  // A role came that demands a second factor, or the last one was taken away.
  if (answer.kind === 'error' && answer.error.code === 'second_factor_missing') void check();
  return answer;
}

export function useSession() {
  const who = computed(() => (state.value.phase === 'signed_in' ? state.value.who : null));
  return { state, who, check, signIn, signInWithPasskey, signOut, notice };
}
