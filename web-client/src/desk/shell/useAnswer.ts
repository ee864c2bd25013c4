// One answer of the server, kept while something new arrives: it is asked for again, at most
// every few seconds, and the last one stays on the screen until the next is there. An answer
// to an older question is dropped.

import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue';
import { get, type Failed, type Query } from '../server/ask';
import { useSession } from '../session/useSession';
import { t } from '../words';
import { useOverview } from './useOverview';

/** Many phones in signal at once must not make every desk ask without end. */
const LEAST_APART_MS = 3_000;

export function useAnswer<Body>(path: string, query: () => Query) {
  const { notice } = useSession();
  const { arrivals } = useOverview();
  const answer = shallowRef<Body | null>(null);
  const failure = shallowRef<Failed | null>(null);
  const asking = ref(false);
  let question = 0;
  let askedAt = 0;
  let later: ReturnType<typeof setTimeout> | undefined;

  async function load(): Promise<void> {
    clearTimeout(later);
    const mine = ++question;
    askedAt = Date.now();
    asking.value = true;
    const got = notice(await get<Body>(path, query()));
    if (mine !== question) return;
    asking.value = false;
    failure.value = got.kind === 'answered' ? null : got;
    if (got.kind === 'answered') answer.value = got.body;
  }

  function soon(): void {
    clearTimeout(later);
    later = setTimeout(() => void load(), Math.max(0, askedAt + LEAST_APART_MS - Date.now()));
  }

  watch(query, (now, before) => {
    if (JSON.stringify(now) === JSON.stringify(before)) return;
    answer.value = null;
    void load();
  });
  watch(arrivals, soon);
  onScopeDispose(() => clearTimeout(later));
  void load();

  return { answer, failed: computed(() => (failure.value ? inWords(failure.value) : null)), asking, load };
}

/** What a failure says on the screen, and what to do next. */
export function inWords(failure: Failed): { heading: string; next: string } {
  if (failure.kind === 'no_network') return { heading: t('state.no_network'), next: t('state.no_network_next') };
  return { heading: failure.error.message || t('state.server_error'), next: failure.error.next };
}
