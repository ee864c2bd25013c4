// Id numbers at the desk: found by name or by the whole number, which goes in the body and in no address;
// shown masked. One is shown whole for a reason, and goes from the screen by itself after a minute.

import { onScopeDispose, ref, shallowRef } from 'vue';
import type { NumberOf } from './answers';
import { post, type Failed } from '../server/ask';
import { useSession } from '../session/useSession';

/** What a number may be needed for; the log names them so. */
export const REASONS = ['official_form', 'duplicate', 'resident_asked', 'emergency'] as const;
export type Reason = (typeof REASONS)[number];

const SHOWN_MS = 60_000;
/** Somebody's number begins with so many digits; a name with none. */
const NUMBER = /^\d{6}/;

export function useNumbers() {
  const { notice } = useSession();
  const found = shallowRef<NumberOf[] | null>(null);
  const chosen = shallowRef<NumberOf | null>(null);
  const reason = ref<Reason | ''>('');
  const shown = shallowRef<{ person: string; number: string } | null>(null);
  const busy = ref(false);
  const failed = shallowRef<Failed | null>(null);
  let later: ReturnType<typeof setTimeout> | undefined;
  /** what comes to an older one, or after somebody turned away, is shown no more */
  let question = 0;

  function choose(person: NumberOf | null): void {
    question += 1;
    clearTimeout(later);
    busy.value = false;
    chosen.value = person;
    reason.value = '';
    shown.value = null;
    failed.value = null;
  }

  async function asked<Body>(path: string, body: unknown): Promise<Body | null> {
    const mine = ++question;
    busy.value = true;
    failed.value = null;
    const answer = notice(await post<Body>(path, body));
    if (mine !== question) return null;
    busy.value = false;
    if (answer.kind === 'answered') return answer.body;
    failed.value = answer;
    return null;
  }

  async function find(text: string): Promise<void> {
    choose(null);
    found.value = null;
    const plain = text.replace(/\s/g, '');
    const about = NUMBER.test(plain) ? { number: plain } : { name: text.trim() };
    const answer = await asked<{ found: NumberOf[] }>('id-numbers/find', about);
    if (answer) found.value = answer.found;
  }

  async function reveal(): Promise<void> {
    const person = chosen.value?.id;
    if (!person || !reason.value) return;
    const answer = await asked<{ number: string }>('id-numbers/reveal', { person, reason: reason.value });
    if (!answer) return;
    choose(null);
    shown.value = { person, number: answer.number };
    later = setTimeout(() => (shown.value = null), SHOWN_MS);
  }

  onScopeDispose(() => clearTimeout(later));
  return { found, chosen, reason, shown, busy, failed, choose, find, reveal };
}
