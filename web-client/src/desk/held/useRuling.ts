// Sends what the secretary decides about held entries, one at a time. What failed stays with
// the button it was pressed on; the same decision sent again has the same id.

import { ref, shallowRef } from 'vue';
import { keptIds, newEntryId } from '../conflicts/deciding';
import { SETTLE_MS } from '../conflicts/useDecision';
import type { HeldEntry, HeldRuled } from './answers';
import { post, type Answer, type Failed } from '../server/ask';
import { useSession } from '../session/useSession';
import type { Amended } from './amending';

export type Wish = 'release' | 'amend' | 'set_aside';

export interface Ruling {
  wish: Wish;
  amended?: Amended;
  note: string;
}

export function useRuling() {
  const { notice } = useSession();
  const ruling = shallowRef<{ entry: HeldEntry; wish: Wish } | null>(null);
  const failure = shallowRef<{ wish: Wish; failed: Failed } | null>(null);
  const settling = ref(false);
  const idOf = keptIds(() => newEntryId(Date.now(), crypto.getRandomValues(new Uint8Array(10))));

  /** `told` says what became of it and shows the next one. */
  async function rule(entry: HeldEntry, { wish, amended, note }: Ruling, told: (answer: Answer<HeldRuled>) => Promise<void>): Promise<void> {
    if (ruling.value || settling.value) return;
    ruling.value = { entry, wish };
    failure.value = null;
    const decision = { device: entry.device.id, seq: entry.seq, decision: wish, ...amended, seen: entry.seen, note: note.trim() || null };
    const answer = notice(await post<HeldRuled>('held/decisions', { id: idOf(decision), ...decision }));
    if (answer.kind !== 'answered') failure.value = { wish, failed: answer };
    await told(answer);
    ruling.value = null;
    settling.value = true;
    setTimeout(() => (settling.value = false), SETTLE_MS);
  }

  function forget(): void {
    failure.value = null;
  }

  return { ruling, settling, failure, rule, forget };
}
