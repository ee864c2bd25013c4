// The shapes of /api/v1/desk/street (server/src/routes/desk/street.rs).

import type { Counts, Named } from '../server/answers';

/** The communities of a street that whoever asks may see: levels 1, 2 and 3. */
export interface StreetAnswer {
  code: string;
  name: string;
  communities: {
    code: string;
    name: string;
    unit: 'community' | 'village' | 'like_community' | null;
    campaign: string | null;
    total: Counts;
    silent: number;
    grids: (Named & Counts & { grid_code: string })[];
  }[];
  /** those that could not be asked now: in no sum */
  missing: { code: string; name: string }[];
}
