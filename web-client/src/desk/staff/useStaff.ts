// Who works here, and changing it: one change at a time, each confirmed on the page before it is
// sent. The list is asked for again after each.

import { ref, shallowRef } from 'vue';
import type { StaffAnswer } from './answers';
import { post, type Failed } from '../server/ask';
import { useSession } from '../session/useSession';
import { useAnswer } from '../shell/useAnswer';

export const STOPPED_BECAUSE = ['lost', 'replaced', 'abuse'] as const;
export const ENDED_BECAUSE = ['ordinary', 'abuse'] as const;

/** What is about to be done, until somebody confirms it or turns back. */
export type Intent =
  /** null: to somebody who is new */
  | { kind: 'grant'; worker: string | null }
  | { kind: 'account'; worker: string }
  | { kind: 'end'; worker: string; record: string }
  | { kind: 'stop'; worker: string; device: string };

export function useStaff() {
  const { notice } = useSession();
  const { answer, failed, load } = useAnswer<StaffAnswer>('staff', () => ({}));
  const intent = shallowRef<Intent | null>(null);
  const busy = ref(false);
  const refused = shallowRef<Failed | null>(null);

  function intend(next: Intent | null): void {
    intent.value = next;
    refused.value = null;
  }

  async function change(path: string, body: unknown): Promise<void> {
    busy.value = true;
    const said = notice(await post(path, body));
    busy.value = false;
    refused.value = said.kind === 'no_network' || said.kind === 'error' ? said : null;
    if (!refused.value) intent.value = null;
    await load();
  }

  return { answer, failed, load, intent, intend, busy, refused, change };
}
