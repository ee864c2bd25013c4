// Who sits at the desk. One session per page: the first 401 of any request ends it here,
// and the sign-in page comes back with the reason.

import { computed, ref } from 'vue';
import type { SignedIn } from '../server/answers';
import { get, post, remove, type Answer, type Failed, type ServerError } from '../server/ask';

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

async function signIn(account: string, password: string): Promise<SignInFailure | null> {
  const answer = await post<SignedIn>('sessions', { account, password });
  if (answer.kind === 'answered') {
    state.value = { phase: 'signed_in', who: answer.body };
    return null;
  }
  return answer.kind === 'no_network' ? { kind: 'no_network' } : { kind: 'refused', error: answer.error };
}

async function signOut(): Promise<Failed | null> {
  const answer = await remove('sessions/current');
  if (answer.kind === 'no_network' || answer.kind === 'error') return answer;
  state.value = { phase: 'signed_out', because: 'left' };
  return null;
}

/** Every answer passes here, so that an ended session is seen wherever it shows first. */
function notice<Body>(answer: Answer<Body>): Answer<Body> {
  if (answer.kind === 'not_signed_in' && state.value.phase === 'signed_in') {
    state.value = { phase: 'signed_out', because: 'ended' };
  }
  return answer;
}

export function useSession() {
  const who = computed(() => (state.value.phase === 'signed_in' ? state.value.who : null));
  return { state, who, check, signIn, signOut, notice };
}
