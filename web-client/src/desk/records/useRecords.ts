// The list of records under the chosen filters: first page, earlier pages, and the newest
// page again whenever the community log has grown. What is new waits until it is asked for,
// so that the list never moves under a reader's eyes. An answer to an older question is dropped.

import { computed, reactive, ref, shallowRef, watch } from 'vue';
import type { Filters, RecordsAnswer } from './answers';
import { get, type Answer, type Failed } from '../server/ask';
import { useSession } from '../session/useSession';
import { useOverview } from '../shell/useOverview';
import { arrivals, extended, refreshed, updated, type Listed } from './pages';

const PAGE = 50;
/** The server's limit for one page. */
const MOST = 200;
/** The `kind` that stands for everything but edits (server/src/routes/desk/records.rs). */
export const RECORDS_ONLY = 'family:record';

export interface Chosen {
  grid: string;
  kind: string;
  worker: string;
  day: string;
  verdict: string;
}

const NOTHING_CHOSEN: Chosen = { grid: '', kind: '', worker: '', day: '', verdict: '' };

export function useRecords() {
  const { notice } = useSession();
  const { overview } = useOverview();
  const chosen = reactive<Chosen>({ ...NOTHING_CHOSEN });
  const listed = shallowRef<Listed | null>(null);
  const filters = shallowRef<Filters | null>(null);
  const failure = ref<Failed | null>(null);
  const asking = ref<'first' | 'newest' | 'earlier' | null>(null);
  /** the newest page, while rows of it are not listed yet */
  const arrived = shallowRef<RecordsAnswer | null>(null);
  let question = 0;

  const narrowed = computed(() => Object.values(chosen).some((value) => value !== ''));

  async function ask(what: 'first' | 'newest' | 'earlier', limit: number, before: number | null): Promise<RecordsAnswer | null> {
    const mine = ++question;
    asking.value = what;
    const query = { ...chosen, verdict: chosen.verdict || 'all', limit, before };
    const answer: Answer<RecordsAnswer> = notice(await get<RecordsAnswer>('records', query));
    if (mine !== question) return null;
    asking.value = null;
    failure.value = answer.kind === 'answered' ? null : answer;
    return answer.kind === 'answered' ? answer.body : null;
  }

  const fresh = computed(() => (listed.value && arrived.value ? arrivals(listed.value, arrived.value) : { count: 0, more: false }));

  async function load(): Promise<void> {
    listed.value = null;
    arrived.value = null;
    void loadFilters();
    const page = await ask('first', PAGE, null);
    if (page) listed.value = { rows: page.records, next: page.next };
  }

  async function newest(): Promise<void> {
    const before = listed.value;
    if (!before) return load();
    void loadFilters();
    const page = await ask('newest', Math.min(MOST, Math.max(PAGE, before.rows.length)), null);
    if (!page) return;
    if (before.rows.length > 0 && arrivals(before, page).count > 0) {
      listed.value = updated(before, page);
      arrived.value = page;
    } else {
      listed.value = refreshed(before, page);
      arrived.value = null;
    }
  }

  function showArrived(): void {
    if (listed.value && arrived.value) listed.value = refreshed(listed.value, arrived.value);
    arrived.value = null;
  }

  async function earlier(): Promise<void> {
    const before = listed.value;
    if (!before || before.next === null || asking.value) return;
    const page = await ask('earlier', PAGE, before.next);
    if (page) listed.value = extended(before, page);
  }

  async function loadFilters(): Promise<void> {
    const answer = notice(await get<Filters>('filters'));
    if (answer.kind === 'answered') filters.value = answer.body;
  }

  function choose(some: Partial<Chosen>): void {
    Object.assign(chosen, NOTHING_CHOSEN, some);
  }

  watch(chosen, load);
  watch(
    () => overview.value?.lsn,
    (lsn, before) => {
      if (before !== undefined && lsn !== before) void newest();
    },
  );

  return { chosen, listed, filters, failure, asking, narrowed, fresh, load, earlier, choose, showArrived };
}
