// The server's few figures and its clock: asked for whenever something arrives, and every so
// often while the page is visible. A failed try keeps the last answer and says that it did;
// nothing is guessed.

import { onScopeDispose, ref, shallowReadonly, shallowRef } from 'vue';
import type { Overview } from '../server/answers';
import { get, type Failed } from '../server/ask';
import { useSession } from '../session/useSession';
import { keepLive } from './useLive';

export const REFRESH_SECONDS = 15;

const overview = shallowRef<Overview | null>(null);
const failure = shallowRef<Failed | null>(null);
const asking = ref(false);
/** Goes up with every answer that may follow on something new: an arrival, a contact, a day. */
const arrivals = ref(0);
let askedMeanwhile = false;
/** grows with each desk that is kept: an answer to another account, or about another community, is not this one's */
let desk = 0;

async function refresh(): Promise<void> {
  if (asking.value) {
    askedMeanwhile = true;
    return;
  }
  asking.value = true;
  const mine = desk;
  const got = await get<Overview>('overview');
  if (mine !== desk) return;
  const answer = useSession().notice(got);
  asking.value = false;
  if (answer.kind === 'answered') {
    overview.value = answer.body;
    failure.value = null;
  } else {
    failure.value = answer;
  }
  if (askedMeanwhile) {
    askedMeanwhile = false;
    await refresh();
  }
}

async function arrived(): Promise<void> {
  await refresh();
  arrivals.value += 1;
}

/** Starts asking; stops with the component that called it. */
export function keepOverview(): void {
  desk += 1;
  overview.value = null;
  failure.value = null;
  asking.value = false;
  askedMeanwhile = false;
  const tick = async () => {
    if (document.visibilityState !== 'visible') return;
    const before = overview.value;
    await refresh();
    const now = overview.value;
    if (before && now && (before.lsn !== now.lsn || before.today !== now.today)) arrivals.value += 1;
  };
  const timer = setInterval(() => void tick(), REFRESH_SECONDS * 1000);
  onScopeDispose(() => clearInterval(timer));
  keepLive(() => void arrived());
  void tick();
}

export function useOverview() {
  return {
    overview: shallowReadonly(overview),
    failure: shallowReadonly(failure),
    asking: shallowReadonly(asking),
    arrivals: shallowReadonly(arrivals),
    refresh,
  };
}
