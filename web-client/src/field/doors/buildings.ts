// The buildings of the chosen grid, asked once and shared: a screen opens with what is known
// and follows every change.

import { computed, shallowRef, watchEffect } from 'vue';
import type { Building } from '../../core/types';
import { core, status, useQuery } from '../phone';
import { preferences } from '../preferences';

const known = shallowRef<{ grid: string; buildings: Building[] } | null>(null);

/** The grid the screens show: the one chosen, else the first of this worker. */
export const grid = computed(() => {
  const grids = status.value?.grids ?? [];
  return grids.find(({ id }) => id === preferences.grid) ?? grids[0] ?? null;
});

export const buildings = computed(() => (known.value?.grid === grid.value?.id ? (known.value?.buildings ?? null) : null));

/** Keeps `buildings` fresh while the calling screen is open. */
export function followBuildings(): void {
  const answer = useQuery(
    () => grid.value?.id,
    async () => {
      const id = grid.value?.id;
      return id ? { grid: id, buildings: await core().ask('buildings', id) } : null;
    },
  );
  watchEffect(() => {
    if (answer.data.value) known.value = answer.data.value;
  });
}
