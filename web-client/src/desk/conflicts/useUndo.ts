// Takes decisions back, one at a time. The same press sent again has the same id, so that an
// answer that got lost costs nothing.

import { shallowRef } from 'vue';
import type { DecidedField, Undone } from './answers';
import { post, type Answer, type Failed } from '../server/ask';
import { useSession } from '../session/useSession';
import { keptIds, newEntryId } from './deciding';

export function useUndo() {
  const { notice } = useSession();
  const undoing = shallowRef<string | null>(null);
  const failure = shallowRef<{ decision: string; failed: Failed } | null>(null);
  const idOf = keptIds(() => newEntryId(Date.now(), crypto.getRandomValues(new Uint8Array(10))));

  /** `told` says what became of it. */
  async function undo(decided: DecidedField, told: (answer: Answer<Undone>) => Promise<void>): Promise<void> {
    if (undoing.value) return;
    const decision = decided.entry;
    undoing.value = decision;
    failure.value = null;
    const answer = notice(await post<Undone>('conflicts/decisions/undo', { id: idOf(decision), decision }));
    if (answer.kind !== 'answered') failure.value = { decision, failed: answer };
    await told(answer);
    undoing.value = null;
  }

  return { undoing, failure, undo };
}
