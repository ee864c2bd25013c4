// The one sentence that says a record is on the flash. It stays until the next action.

import { shallowRef, watch } from 'vue';
import { route } from './router';

export interface Snack {
  title: string;
  text: string;
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
