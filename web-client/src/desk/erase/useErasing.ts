// Erasing somebody: found by name, chosen, and then done once, with the name typed once more.
// What became of it stays on the page until somebody else is chosen.

import { computed, ref, shallowRef } from 'vue';
import type { Erasable, Erased } from './answers';
import { post, type Failed } from '../server/ask';
import { useSession } from '../session/useSession';

/** The grounds there are, as the kind file has them. */
export const BASES = ['requested', 'consent_withdrawn', 'purpose_met', 'retention_over', 'other'] as const;
export type Basis = (typeof BASES)[number];

export interface Chosen {
  /** who was found */
  found: Erasable;
  /** the whole that the one found belongs to, with everybody in it */
  whole: boolean;
}

export function useErasing() {
  const { notice } = useSession();
  const chosen = shallowRef<Chosen | null>(null);
  const typed = ref('');
  const basis = ref<Basis | ''>('');
  const day = ref('');
  const busy = ref(false);
  const failed = shallowRef<Failed | null>(null);
  const done = shallowRef<Erased | null>(null);
  const ready = computed(() => chosen.value !== null && basis.value !== '' && typed.value.trim() === chosen.value.found.name && !busy.value);

  function choose(next: Chosen | null): void {
    chosen.value = next;
    typed.value = '';
    failed.value = null;
    done.value = null;
  }

  async function erase(): Promise<void> {
    if (!ready.value || !chosen.value) return;
    const { found, whole } = chosen.value;
    const target = whole && found.whole ? found.whole : found;
    busy.value = true;
    failed.value = null;
    const body = { id: target.id, type: target.type, found: found.id, name: typed.value.trim(), basis: basis.value, requested_on: day.value || null };
    const answer = notice(await post<Erased>('erasures', body));
    busy.value = false;
    if (answer.kind !== 'answered') {
      failed.value = answer;
      return;
    }
    choose(null);
    done.value = answer.body;
  }

  return { chosen, typed, basis, day, busy, failed, done, ready, choose, erase };
}
