// The shapes of /api/v1/desk/chain (server/src/routes/desk/chain.rs).

import type { Label, Named, Place } from '../server/answers';

/** One level of the responsibility chain, and for how many of the doors somebody answers there. */
export interface ChainLevel {
  level: 'street' | 'community' | 'grid' | 'building' | 'household';
  label: Label;
  named: number;
  doors: number;
}

/** Who answers for doors, and where nobody does; `rungs` are as many as the levels. */
export interface ChainAnswer {
  levels: ChainLevel[];
  gaps: { level: ChainLevel['level']; grid: Named | null; building: Named | null; doors: number }[];
  /** who is to answer for a building or a door, and for which is not said */
  placeless: (Named & { level: ChainLevel['level']; role: Label; grid: Named | null })[];
  door: { id: string; grid: Named | null; address: Place; rungs: (Named & { role: Label; address: Place | null })[][] } | null;
}
