// A place in one line: compound, building, unit and room, as far as they are known.

import type { Place } from '../server/answers';
import { joined, t } from '../words';

/** Unit and room alone. */
export function roomWords(place: Place): string {
  return joined([place.unit && place.unit !== '无' ? t('records.unit', { unit: place.unit }) : null, place.room]);
}

export function placeWords(place: Place | null): string {
  return place ? joined([place.compound, place.building, roomWords(place)]) : '';
}
