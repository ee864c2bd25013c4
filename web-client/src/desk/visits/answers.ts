// The shapes of /api/v1/desk/visits (server/src/routes/desk/visits.rs).

import type { Label, Named, Place, SilentPhone } from '../server/answers';

export interface Visit {
  plan: string;
  subject: string;
  name: string | null;
  grid: Named | null;
  address: Place;
  level: Label;
  clock: 'any' | 'in_person';
  due_on: string;
  days_overdue: number;
  last: { day: string; in_person: boolean } | null;
  responsible: Named[];
  silent: SilentPhone[];
}

export interface VisitsAnswer {
  today: string;
  plans: number;
  visited_today: number;
  overdue: Visit[];
  /** late as far as we know, but a responsible worker's phone is silent: not known to be */
  not_heard_from: Visit[];
  due: Visit[];
}
