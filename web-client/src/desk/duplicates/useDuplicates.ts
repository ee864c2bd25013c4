// What may be the same twice, what was merged and what was called two; asked for again whenever
// the community log has grown. Says what the secretary decides, one press at a time.

import { ref, shallowRef, watch } from 'vue';
import { keptIds, newEntryId } from '../conflicts/deciding';
import type { DuplicatesAnswer } from './answers';
import { get, post, type Failed } from '../server/ask';
import { useSession } from '../session/useSession';
import { useOverview } from '../shell/useOverview';

/** `other` is merged into `one`, or the two are two; `undo`: that is taken back. */
export interface Saying {
  one: string;
  other: string;
  decision: 'same' | 'different';
  undo: boolean;
}

export function pairKey(one: string, other: string): string {
  return [one, other].sort().join('/');
}

export function useDuplicates() {
  const { notice } = useSession();
  const { overview } = useOverview();
  const answer = shallowRef<DuplicatesAnswer | null>(null);
  const failure = ref<Failed | null>(null);
  const saying = shallowRef<Saying | null>(null);
  const refused = shallowRef<{ key: string; failed: Failed } | null>(null);
  const idOf = keptIds(() => newEntryId(Date.now(), crypto.getRandomValues(new Uint8Array(10))));

  async function load(): Promise<void> {
    const given = notice(await get<DuplicatesAnswer>('duplicates'));
    failure.value = given.kind === 'answered' ? null : given;
    if (given.kind === 'answered') answer.value = given.body;
  }

  /** Whether it was written. */
  async function say(what: Saying): Promise<boolean> {
    if (saying.value) return false;
    saying.value = what;
    refused.value = null;
    const { one, other, decision } = what;
    const path = what.undo ? 'duplicates/decisions/undo' : 'duplicates/decisions';
    const given = notice(await post<null>(path, { id: idOf(what), one, other, decision }));
    if (given.kind !== 'answered') refused.value = { key: pairKey(one, other), failed: given };
    await load();
    saying.value = null;
    return given.kind === 'answered';
  }

  watch(
    () => overview.value?.lsn,
    (lsn, before) => {
      if (before !== undefined && lsn !== before && !saying.value) void load();
    },
  );

  return { answer, failure, saying, refused, load, say };
}
