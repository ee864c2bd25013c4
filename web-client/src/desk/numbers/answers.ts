// The shapes of /api/v1/desk/id-numbers (server/src/routes/desk/id_numbers.rs).

import type { Named, Place } from '../server/answers';

/** Somebody with the id numbers that were recorded, the newest first. */
export interface NumberOf {
  id: string;
  name: string;
  grid: Named | null;
  address: Place | null;
  /** `masked`: 1101**********002X; null: the key it was sealed with is gone */
  numbers: { masked: string | null; worker: Named; made: string }[];
}
