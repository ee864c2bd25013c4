// Choosing what moves to which grid, and moving it once. What the page says beforehand is counted
// from the same answer that is sent with it: if it differs by then, the server refuses.

import { computed, ref, shallowRef, type Ref } from 'vue';
import type { GridsAnswer, GridWithBuildings, MovedAnswer } from './answers';
import { post, type Failed } from '../server/ask';
import { useSession } from '../session/useSession';

/** The target that is made by the move. */
export const NEW_GRID = 'new';

export interface Size {
  doors: number;
  people: number;
}

/** What of a grid moves: the buildings picked, or all that is in it. */
export function sizeOf(grid: GridWithBuildings, picked: ReadonlySet<string>, whole: boolean): Size {
  const some = whole ? [...grid.buildings, grid.elsewhere] : grid.buildings.filter(({ id }) => picked.has(id));
  return { doors: some.reduce((sum, { doors }) => sum + doors, 0), people: some.reduce((sum, { people }) => sum + people, 0) };
}

/** Whose phones drop what moves, and whose show it from then on, by name. */
export function sight(from: GridWithBuildings, to: GridWithBuildings | null, assigned: ReadonlySet<string>): { lose: string[]; see: string[] } {
  const there = new Set([...(to?.workers ?? []).map(({ id }) => id), ...assigned]);
  const here = new Set(from.workers.map(({ id }) => id));
  const everybody = new Map([...from.workers, ...(to?.workers ?? [])].map(({ id, name }) => [id, name]));
  const named = (ids: string[]) => ids.map((id) => everybody.get(id) ?? '').filter(Boolean);
  return { lose: named([...here].filter((id) => !there.has(id))), see: named([...there]) };
}

export function useMoving(answer: Ref<GridsAnswer | null>) {
  const { notice } = useSession();
  const from = ref('');
  const picked = shallowRef<ReadonlySet<string>>(new Set());
  const whole = ref(false);
  const to = ref('');
  const name = ref('');
  const assigned = shallowRef<ReadonlySet<string>>(new Set());
  const busy = ref(false);
  const failed = shallowRef<Failed | null>(null);
  const done = shallowRef<{ moved: MovedAnswer; into: string } | null>(null);

  const grid = computed(() => answer.value?.grids.find(({ id }) => id === from.value) ?? null);
  const target = computed(() => answer.value?.grids.find(({ id }) => id === to.value) ?? null);
  const size = computed<Size>(() => (grid.value ? sizeOf(grid.value, picked.value, whole.value) : { doors: 0, people: 0 }));
  const seen = computed(() => (grid.value ? sight(grid.value, target.value, assigned.value) : { lose: [], see: [] }));
  const into = computed(() => (to.value === NEW_GRID ? name.value.trim() : (target.value?.name ?? '')));
  const chosen = computed(() => grid.value !== null && (whole.value || picked.value.size > 0));
  const ready = computed(() => chosen.value && into.value !== '' && to.value !== from.value && !busy.value);

  function choose(id: string): void {
    from.value = id;
    picked.value = new Set();
    whole.value = false;
    assigned.value = new Set();
    if (to.value === id) to.value = '';
    failed.value = null;
    done.value = null;
  }

  function toggled(set: ReadonlySet<string>, id: string): ReadonlySet<string> {
    const next = new Set(set);
    if (!next.delete(id)) next.add(id);
    return next;
  }

  async function move(): Promise<void> {
    if (!ready.value) return;
    busy.value = true;
    failed.value = null;
    const body = {
      from: from.value,
      to: to.value === NEW_GRID ? null : to.value,
      name: to.value === NEW_GRID ? into.value : null,
      buildings: whole.value ? null : [...picked.value],
      workers: [...assigned.value],
      doors: size.value.doors,
    };
    const named = into.value;
    const said = notice(await post<MovedAnswer>('grids/moves', body));
    busy.value = false;
    if (said.kind !== 'answered') {
      failed.value = said;
      return;
    }
    choose('');
    to.value = '';
    name.value = '';
    done.value = { moved: said.body, into: named };
  }

  const pick = (id: string) => (picked.value = toggled(picked.value, id));
  const assign = (id: string) => (assigned.value = toggled(assigned.value, id));
  return { from, picked, whole, to, name, assigned, busy, failed, done, grid, target, size, seen, into, chosen, ready, choose, pick, assign, move };
}
