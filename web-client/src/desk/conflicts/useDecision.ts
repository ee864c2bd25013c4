// Sends decisions, one at a time. What failed stays with the button it was pressed on; the
// same decision sent again has the same id, so that an answer that got lost costs nothing.
// A second press in a hurry must not decide the conflict that has just come under the hand.

import { ref, shallowRef } from 'vue';
import type { Scalar } from '../server/answers';
import type { Conflict, Decided } from './answers';
import { post, type Answer, type Failed } from '../server/ask';
import { useSession } from '../session/useSession';
import { keptIds, newEntryId } from './deciding';

/** How long a conflict that has just come cannot be decided. */
export const SETTLE_MS = 800;

/** Which button: of a value by its place, or of the one written anew. */
export type Pressed = number | 'other';

export interface Choice {
  pressed: Pressed;
  value: Scalar;
  /** the value in words */
  words: string;
  note: string;
}

export function useDecision() {
  const { notice } = useSession();
  const deciding = shallowRef<{ conflict: Conflict; pressed: Pressed } | null>(null);
  const failure = shallowRef<{ pressed: Pressed; failed: Failed } | null>(null);
  const settling = ref(false);
  const idOf = keptIds(() => newEntryId(Date.now(), crypto.getRandomValues(new Uint8Array(10))));

  /** `told` says what became of it and shows the next one. */
  async function decide(conflict: Conflict, { pressed, value, note }: Choice, told: (answer: Answer<Decided>) => Promise<void>): Promise<void> {
    if (deciding.value || settling.value) return;
    deciding.value = { conflict, pressed };
    failure.value = null;
    const { type, entity, field, seen } = conflict;
    const decision = { type, entity, field, value, seen, note: note.trim() || null };
    const answer = notice(await post<Decided>('conflicts/decisions', { id: idOf(decision), ...decision }));
    if (answer.kind !== 'answered') failure.value = { pressed, failed: answer };
    await told(answer);
    deciding.value = null;
    settling.value = true;
    setTimeout(() => (settling.value = false), SETTLE_MS);
  }

  function forget(): void {
    failure.value = null;
  }

  return { deciding, settling, failure, decide, forget };
}
