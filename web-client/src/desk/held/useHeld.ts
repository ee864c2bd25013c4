// Everything that does not count, as the server lists it; asked again whenever the community
// log has grown.

import { ref, shallowRef, watch } from 'vue';
import type { HeldAnswer, HeldEntry } from './answers';
import { get, type Failed } from '../server/ask';
import { useSession } from '../session/useSession';
import { useOverview } from '../shell/useOverview';

export function heldKey(entry: HeldEntry): string {
  return `${entry.device.id}/${entry.seq}`;
}

export function useHeld() {
  const { notice } = useSession();
  const { overview } = useOverview();
  const held = shallowRef<HeldAnswer | null>(null);
  const failure = ref<Failed | null>(null);

  async function load(): Promise<void> {
    const answer = notice(await get<HeldAnswer>('held'));
    failure.value = answer.kind === 'answered' ? null : answer;
    if (answer.kind === 'answered') held.value = answer.body;
  }

  watch(
    () => overview.value?.lsn,
    (lsn, before) => {
      if (before !== undefined && lsn !== before) void load();
    },
  );

  return { held, failure, load };
}
