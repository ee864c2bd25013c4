// The shapes of /api/v1/desk/staff and invitations (server/src/routes/desk/staff.rs, invitations.rs).

import type { Label, Named, Place } from '../server/answers';

export interface HeldRole {
  record: string;
  role: string;
  label: Label;
  grid: Named | null;
  /** what below the grid it is for */
  address: Place | null;
  from: string;
  until: string | null;
  current: boolean;
}

/** Who works here, in which roles, with which phones. */
export interface StaffAnswer {
  people: (Named & {
    /** what they type to sign in; nobody without one has a phone */
    account: string | null;
    roles: HeldRole[];
    /** `told`: since it was stopped it was in contact, and answered */
    phones: (Named & { last_contact: string | null; stopped: string | null; lost: boolean; told: boolean })[];
    /** the one who asks */
    own: boolean;
  })[];
  /** what can be given */
  roles: { role: string; label: Label; in_grid: boolean; answers_for: string[] }[];
  grids: (Named & { places: (Named & { type: string })[] })[];
}

export interface InvitationsAnswer {
  invitations: {
    id: string;
    worker: Named;
    by: Named;
    expires: string;
    /** `begun`: a phone has its code and has not shown its key yet; `shown`: compare; `over`: nobody came in time */
    state: 'open' | 'begun' | 'shown' | 'confirmed' | 'refused' | 'over';
    phone: { name: string; comparison: string } | null;
  }[];
}
