// The words of a rung. `on_server` is an edit that waits for earlier entries of its phone.

import type { Rung } from '../server/answers';
import { t } from '../words';

const KEYS = { on_server: 'rung.waiting', merged: 'rung.merged', held: 'rung.held', released: 'rung.released', set_aside: 'rung.set_aside' } as const;

export function rungWord(rung: Rung): string {
  return t(KEYS[rung]);
}
