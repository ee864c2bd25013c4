// The shapes of /api/v1/desk/erasures (server/src/routes/desk/erasures.rs).

import type { Label, Named, Place } from '../server/answers';

/** Somebody who can be erased. */
export interface Erasable {
  id: string;
  type: string;
  label: Label;
  name: string;
  grid: Named | null;
  address: Place | null;
  /** what it belongs to and could be erased with as a whole */
  whole: { id: string; type: string; label: Label } | null;
}

/** What an erasure came to. */
export interface Erased {
  subjects: number;
  entries: number;
}
