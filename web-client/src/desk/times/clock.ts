// Instants in words. The server sends every instant with the community's offset and the
// phone's clock as the phone wrote it, so a text is shown as it stands: this computer's own
// time zone never moves a time.

import { language, t } from '../words';

const SHAPE = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}:\d{2}:\d{2})/;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** 11月24日 09:12:40; the year only where it is another than `today`'s. */
export function dateAndClock(at: string | null, today: string | null): string {
  const found = at && SHAPE.exec(at);
  if (!found) return t('clock.unknown');
  const [, year = '', month = '', day = '', clock = ''] = found;
  const key = today && !today.startsWith(year) ? 'clock.date_year' : 'clock.date';
  return t(key, { year, month: monthName(month), day: Number(day), clock });
}

/** 09:40:05 alone on the day of `beside`, else with its date. */
export function clockBeside(at: string | null, beside: string | null, today: string | null): string {
  const sameDay = at && beside && at.slice(0, 10) === beside.slice(0, 10);
  return sameDay ? clockOf(at) : dateAndClock(at, today);
}

export function clockOf(at: string): string {
  return SHAPE.exec(at)?.[4] ?? t('clock.unknown');
}

/** A day like 2026-11-24 in words. */
export function dayName(day: string, today: string | null): string {
  const [year = '', month = '', date = ''] = day.split('-');
  const key = today && !today.startsWith(year) ? 'clock.day_year' : 'clock.day';
  return t(key, { year, month: monthName(month), day: Number(date) });
}

/** How the phone's clock stands to the server's. `offset_ms` is server minus phone. */
export function difference(offset_ms: number): string {
  const seconds = Math.round(Math.abs(offset_ms) / 1000);
  if (seconds === 0) return t('clock.equal');
  return t(offset_ms < 0 ? 'clock.fast' : 'clock.slow', { span: span(seconds) });
}

/** Worth a second look: a minute or more. */
export function differsMuch(offset_ms: number): boolean {
  return Math.abs(offset_ms) >= 60_000;
}

function span(seconds: number): string {
  if (seconds < 60) return t('clock.seconds', { n: seconds });
  if (seconds < 3600) return twoUnits('minutes', 'minutes_seconds', seconds, 60, 1);
  if (seconds < 86_400) return twoUnits('hours', 'hours_minutes', seconds, 3600, 60);
  return twoUnits('days', 'days_hours', seconds, 86_400, 3600);
}

function twoUnits(
  whole: 'minutes' | 'hours' | 'days',
  both: 'minutes_seconds' | 'hours_minutes' | 'days_hours',
  seconds: number,
  large: number,
  small: number,
): string {
  const n = Math.floor(seconds / large);
  const m = Math.floor((seconds % large) / small);
  return m === 0 ? t(`clock.${whole}`, { n }) : t(`clock.${both}`, { n, m });
}

function monthName(month: string): string | number {
  return language.value === 'zh' ? Number(month) : (MONTHS[Number(month) - 1] ?? month);
}
