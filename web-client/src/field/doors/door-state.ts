// One state per cell. Conflict outranks what was found, a held record shows as held,
// and a door that nobody has checked is to be checked.

import type { DoorRow, DoorState } from '../../core/types';
import { isStatus, type Status } from '../../kit/status';
import { say, t } from '../../words';

export function statusOf(door: Pick<DoorRow, 'conflict' | 'state'>): Status {
  if (door.conflict) return 'conflict';
  return statusOfState(door.state);
}

export function statusOfState(state: DoorState): Status {
  if (state.rung === 'held') return 'held';
  return isStatus(state.mark) ? state.mark : 'due';
}

/** The outcome's own word where it says more than the mark (短暂外出, 搬离), else the mark's. */
export function wordOf(status: Status, state: DoorState): string {
  if (status === 'conflict' || status === 'held' || status === 'due') return t(`mark.${status}`);
  // A tick is a tick: the matrix and the legend say 已查 for it.
  return status === 'checked' ? t('mark.checked') : say(state.label) || t(`mark.${status}`);
}

export function namesOf(door: Pick<DoorRow, 'residents'>): string {
  const [first] = door.residents;
  if (!first) return t('doors.nobody');
  return door.residents.length === 1 ? first.name : t('doors.people', { name: first.name, n: door.residents.length });
}

export function unitName(unit: string): string {
  if (unit === '' || unit === '无') return t('doors.no_unit');
  return t('doors.unit', { unit });
}
