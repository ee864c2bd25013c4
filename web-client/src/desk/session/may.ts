// What the desk offers to who sits at it (server/src/rights.rs). It hides what would be refused; the
// server decides again at each question.

import { useSession } from './useSession';

export type Action =
  | 'see_figures'
  | 'see_street'
  | 'see_doors'
  | 'see_visits'
  | 'see_records'
  | 'review'
  | 'decide'
  | 'export'
  | 'export_registry'
  | 'settle'
  | 'organise'
  | 'manage_staff'
  | 'invite_phones'
  | 'erase'
  | 'see_audit'
  | 'see_id_numbers'
  | 'reveal_id_number';

export function useMay(): (action: Action) => boolean {
  const { who } = useSession();
  return (action) => who.value?.may.includes(action) ?? false;
}
