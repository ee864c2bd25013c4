// The server's few figures and its clock: asked for every 15 seconds while the page is
// visible. A failed try keeps the last answer and says that it did; nothing is guessed.

import { onScopeDispose, ref, shallowReadonly, shallowRef } from 'vue';
import type { Overview } from '../server/answers';
import { get, type Failed } from '../server/ask';
import { useSession } from '../session/useSession';

export const REFRESH_SECONDS = 15;

const overview = shallowRef<Overview | null>(null);
const failure = shallowRef<Failed | null>(null);
const asking = ref(false);

async function refresh(): Promise<void> {
  if (asking.value) return;
  asking.value = true;
  const answer = useSession().notice(await get<Overview>('overview'));
  asking.value = false;
  if (answer.kind === 'answered') {
    overview.value = answer.body;
    failure.value = null;
  } else {
    failure.value = answer;
  }
}

/** Starts asking; stops with the component that called it. */
export function keepOverview(): void {
  // What another account saw is not this one's.
  overview.value = null;
  failure.value = null;
  const visible = () => document.visibilityState === 'visible';
  const tick = () => {
    if (visible()) void refresh();
  };
  const timer = setInterval(tick, REFRESH_SECONDS * 1000);
  document.addEventListener('visibilitychange', tick);
  onScopeDispose(() => {
    clearInterval(timer);
    document.removeEventListener('visibilitychange', tick);
  });
  tick();
}

export function useOverview() {
  return { overview: shallowReadonly(overview), failure: shallowReadonly(failure), asking: shallowReadonly(asking), refresh };
}
