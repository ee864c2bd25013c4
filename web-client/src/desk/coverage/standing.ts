// The segments of a bar and the states of a cell: what each is called, marked and coloured,
// and which list it opens. Not visited and not yet heard from share none of these.

import type { Counts } from '../server/answers';
import type { CellState, Standing } from './answers';
import type { WordKey } from '../words';

export interface Segment {
  state: CellState;
  standing: Standing;
  word: WordKey;
  count: number;
}

export function segments(counts: Counts): Segment[] {
  return [
    { state: 'checked', standing: 'closed', word: 'coverage.checked', count: counts.closed - counts.empty },
    { state: 'empty', standing: 'closed', word: 'coverage.empty', count: counts.empty },
    { state: 'absent', standing: 'visited_open', word: 'coverage.absent', count: counts.visited_open - counts.refused },
    { state: 'refused', standing: 'visited_open', word: 'coverage.refused', count: counts.refused },
    { state: 'due', standing: 'not_visited', word: 'coverage.not_visited', count: counts.not_visited },
    { state: 'unknown', standing: 'not_heard_from', word: 'coverage.not_heard_from', count: counts.not_heard_from },
  ];
}

export const CELL_WORDS: Record<CellState, WordKey> = {
  checked: 'coverage.checked',
  empty: 'coverage.empty',
  absent: 'coverage.absent',
  refused: 'coverage.refused',
  due: 'coverage.not_visited',
  unknown: 'coverage.not_heard_from',
};

export const STANDINGS: { standing: Standing; word: WordKey; state: CellState }[] = [
  { standing: 'closed', word: 'coverage.closed', state: 'checked' },
  { standing: 'visited_open', word: 'coverage.visited_open', state: 'absent' },
  { standing: 'not_visited', word: 'coverage.not_visited', state: 'due' },
  { standing: 'not_heard_from', word: 'coverage.not_heard_from', state: 'unknown' },
];

/** Whole percent, rounded down: 100 only where no door is left. */
export function percent(counts: Counts): number {
  return counts.doors === 0 ? 0 : Math.floor((counts.closed * 100) / counts.doors);
}

/** Of no doors there is no share. */
export function share(counts: Counts): string {
  return counts.doors === 0 ? '—' : `${percent(counts)}%`;
}
