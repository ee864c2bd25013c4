// The shapes of /api/v1/desk/coverage and wall (server/src/routes/desk/coverage.rs, wall.rs).

import type { Counts, Named, SilentPhone } from '../server/answers';

export type Standing = 'closed' | 'visited_open' | 'not_visited' | 'not_heard_from';

export interface Campaign {
  id: string;
  name: string;
  starts_on: string;
  ends_on: string;
  running: boolean;
  /** today is its day so and so, of so many */
  day: number;
  days: number;
}

export interface BuildingCoverage extends Counts {
  id: string | null;
  name: string;
  compound: string | null;
}

export interface GridCoverage extends Counts {
  id: string | null;
  name: string;
  workers: Named[];
  /** phones that could have recorded something there */
  phones: number;
  silent: SilentPhone[];
  buildings: BuildingCoverage[];
}

export interface Coverage {
  today: string;
  heard_since: string;
  campaign: Campaign | null;
  campaigns: Campaign[];
  total: Counts;
  grids: GridCoverage[];
}

export type CellState = 'checked' | 'empty' | 'absent' | 'refused' | 'due' | 'unknown';

export interface WallDoor {
  id: string;
  unit: string;
  floor: number | null;
  room: string;
  state: CellState;
}

export interface WallBuilding {
  id: string | null;
  grid: string | null;
  doors: WallDoor[];
}

export interface Wall {
  buildings: WallBuilding[];
}
