// The last quarters that are over. The secretary settles one in two presses: the first says what
// it means, the second does it.

import { ref, shallowRef } from 'vue';
import { post, type Failed } from '../server/ask';
import { useSession } from '../session/useSession';
import { useAnswer } from '../shell/useAnswer';
import type { Quarter, SettlementsAnswer } from './answers';

export function useSettlements() {
  const { notice } = useSession();
  const { answer, failed, load } = useAnswer<SettlementsAnswer>('settlements', () => ({}));
  /** the quarter whose second press is awaited */
  const asked = ref<string | null>(null);
  const busy = ref(false);
  const refused = shallowRef<Failed | null>(null);

  function ask(quarter: Quarter | null): void {
    asked.value = quarter?.quarter ?? null;
    refused.value = null;
  }

  async function settle(quarter: Quarter): Promise<void> {
    if (busy.value) return;
    busy.value = true;
    const given = notice(await post<null>('settlements', { quarter: quarter.quarter, note: null }));
    refused.value = given.kind === 'answered' ? null : given;
    if (given.kind === 'answered') asked.value = null;
    await load();
    busy.value = false;
  }

  return { answer, failed, load, asked, busy, refused, ask, settle };
}
