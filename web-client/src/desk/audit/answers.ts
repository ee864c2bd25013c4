// The shapes of /api/v1/desk/audit (server/src/routes/desk/audit.rs).

import type { Named, Place } from '../server/answers';

/** What the server showed or did for somebody. */
export interface AuditLine {
  number: number;
  at: string;
  worker: Named;
  action:
    | 'invite'
    | 'end_invitation'
    | 'enrol'
    | 'see_visits'
    | 'see_records'
    | 'review'
    | 'export'
    | 'export_registry'
    | 'erase'
    | 'see_audit'
    | 'see_id_numbers'
    | 'reveal_id_number'
    | 'add_passkey'
    | 'remove_passkey'
    | 'set_up_code'
    | 'remove_code'
    | 'new_recovery_codes'
    | 'use_recovery_code'
    | 'open_account'
    | 'new_password'
    | 'reset_second_factor';
  /** a part, a list, or whom it concerns of those who work here */
  place: string | null;
  /** how many people it was about */
  subjects: number;
}

export interface AuditAnswer {
  lines: AuditLine[];
  people: {
    id: string;
    name: string;
    address: Place | null;
    lines: AuditLine[];
    /** whose phones may have what is written about them now */
    phones: Named[];
  }[];
}
