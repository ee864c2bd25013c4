// The one sentence that says a record is on the flash. It stays until the next action;
// the rung in it is the record's own, so it never says less or more than is true.

import { shallowRef, watch } from 'vue';
import { route } from './router';

export interface Snack {
  /** the saved entry, whose rung is shown */
  entry: string;
  /** what it was, in a few words: 402 无人 */
  what: string;
  /** it can be taken back: a record that is not itself a taking back */
  undo?: boolean;
  /** it was taken back, which is a record too */
  undone?: boolean;
}

export const snack = shallowRef<Snack | null>(null);
let bornOnTheWay = false;

/** `leaving`: the save also closes its screen, so that one change of screen is not the next action. */
export function showSaved(saved: Snack, leaving: boolean): void {
  snack.value = saved;
  bornOnTheWay = leaving;
}

export function clearSnack(): void {
  snack.value = null;
}

watch(route, () => {
  if (bornOnTheWay) bornOnTheWay = false;
  else clearSnack();
});
