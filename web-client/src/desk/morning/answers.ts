// The shape of /api/v1/desk/morning (server/src/routes/desk/morning.rs).

import type { Named } from '../server/answers';

export interface Figures {
  doors: number;
  checked: number;
  absent: number;
  refused: number;
  empty: number;
  closed: number;
  incidents: number;
  visits: number;
}

/** A phone that was not heard from; without `device`: somebody who has none. */
export interface SilentPhone {
  worker: Named;
  device: string | null;
  since: string | null;
}

export interface DailyReturn extends Figures {
  /** null: the whole community */
  grid: Named | null;
  returned: boolean | null;
  grids: number | null;
  grids_returned: number | null;
  phones: number;
  phones_silent: number;
  not_heard_from: SilentPhone[];
  closed_at: string;
  /** records of the day that came after it was closed; they are in no figure */
  since_arrived: number;
}

export type StepName = 'verify' | 'close' | 'list' | 'backup';

export interface NightStep {
  step: StepName;
  /** null: broken off, or under way */
  done: boolean | null;
  finished: string | null;
  detail: string;
  /** about the server, not about the community */
  node: boolean;
}

export interface MorningAnswer {
  clock: string;
  day: string | null;
  /** closed days, newest first */
  days: string[];
  community: DailyReturn | null;
  grids: DailyReturn[];
  without_grid: Figures;
  visits: { day: string; due: number; overdue: number } | null;
  steps: NightStep[];
}

/** A quarter that is over, written 2026Q3. */
export interface Quarter {
  quarter: string;
  from: string;
  until: string;
  /** null: it is not settled */
  settled_at: string | null;
}

/** The shape of /api/v1/desk/settlements (server/src/routes/desk/settlements.rs), newest first. */
export interface SettlementsAnswer {
  quarters: Quarter[];
}
