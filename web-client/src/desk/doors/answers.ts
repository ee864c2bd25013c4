// The shapes of /api/v1/desk/doors (server/src/routes/desk/doors.rs).

import type { Standing } from '../coverage/answers';
import type { Label, Named, Place, SilentPhone } from '../server/answers';

export interface DoorRow {
  id: string;
  grid: Named | null;
  address: Place;
  standing: Standing;
  residents: string[];
  last: { entry: string; at: string; worker: Named | null; outcome: Label; attempts: number } | null;
}

export interface DoorsAnswer {
  doors: DoorRow[];
  total: number;
  /** whose phones are silent, by grid, where a door is not yet heard from */
  silent: Record<string, SilentPhone[]>;
}
