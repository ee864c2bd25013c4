// The shapes of /api/v1/desk/grids (server/src/routes/desk/grids.rs).

import type { Label, Named } from '../server/answers';

/** A grid with what stands in it and who works there. */
export interface GridWithBuildings {
  id: string;
  name: string;
  code: string;
  workers: (Named & { role: Label })[];
  buildings: { id: string; name: string; doors: number; people: number }[];
  /** what is in no building that the register knows */
  elsewhere: { doors: number; people: number };
}

export interface GridsAnswer {
  grids: GridWithBuildings[];
}

/** What a move came to. */
export interface MovedAnswer {
  grid: string;
  doors: number;
  people: number;
  /** how many records the new grid was told of */
  told: number;
  /** how many roles ended */
  ended: number;
}
