// The open conflicts of the registry, and the decisions that can be taken back; asked for again whenever the community log has grown.

import { ref, shallowRef, watch } from 'vue';
import type { Conflict, ConflictsAnswer, DecidedField } from './answers';
import { get, type Failed } from '../server/ask';
import { useSession } from '../session/useSession';
import { useOverview } from '../shell/useOverview';

export function conflictKey(conflict: Conflict): string {
  return `${conflict.type}/${conflict.entity}/${conflict.field}`;
}

export function useConflicts() {
  const { notice } = useSession();
  const { overview } = useOverview();
  const conflicts = shallowRef<Conflict[] | null>(null);
  const decided = shallowRef<DecidedField[]>([]);
  const failure = ref<Failed | null>(null);

  async function load(): Promise<void> {
    const answer = notice(await get<ConflictsAnswer>('conflicts'));
    failure.value = answer.kind === 'answered' ? null : answer;
    if (answer.kind !== 'answered') return;
    conflicts.value = answer.body.conflicts;
    decided.value = answer.body.decided;
  }

  watch(
    () => overview.value?.lsn,
    (lsn, before) => {
      if (before !== undefined && lsn !== before) void load();
    },
  );

  return { conflicts, decided, failure, load };
}
