// The doors of several communities together.

import type { Counts } from '../server/answers';

export function sum(counts: Counts[]): Counts {
  const total: Counts = { doors: 0, closed: 0, empty: 0, visited_open: 0, refused: 0, not_visited: 0, not_heard_from: 0 };
  for (const one of counts) for (const name of Object.keys(total) as (keyof Counts)[]) total[name] += one[name];
  return total;
}
