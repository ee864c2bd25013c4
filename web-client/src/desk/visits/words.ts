// A visit in words: where, and how late.

import type { Place } from '../server/answers';
import type { Visit } from './answers';
import { joined, t } from '../words';

export function placeWords(place: Place): string {
  const unit = place.unit && place.unit !== '无' ? t('records.unit', { unit: place.unit }) : null;
  return joined([[place.compound, place.building].filter(Boolean).join(' '), unit]);
}

export function lateWords(visit: Visit): string {
  return visit.days_overdue > 0 ? t('visits.days', { n: visit.days_overdue }) : t('visits.due_today');
}

export function names(visit: Visit): string {
  return visit.responsible.map(({ name }) => name || t('records.no_one')).join('、');
}
