// Instants and days in the words a worker uses: 09:40, 昨天 17:05, 11月22日.
// Everything is shown in the phone's own time zone.

import { now } from '../core/clock';
import { t, language } from './index';

function two(n: number): string {
  return String(n).padStart(2, '0');
}

export function clock(at: string | Date): string {
  const time = new Date(at);
  return `${two(time.getHours())}:${two(time.getMinutes())}`;
}

/** Time of day alone while it is today, else with its day. */
export function shortTime(at: string | Date, today: Date = now()): string {
  const time = new Date(at);
  const days = daysBetween(time, today);
  if (days === 0) return clock(time);
  if (days === 1) return t('time.yesterday', { clock: clock(time) });
  return t('time.date_clock', { month: time.getMonth() + 1, day: time.getDate(), clock: clock(time) });
}

/** With its day, and with its year where that is another: for a clock that may be far off. */
export function longTime(at: string | Date, today: Date = now()): string {
  const time = new Date(at);
  const day = { month: time.getMonth() + 1, day: time.getDate(), clock: clock(time) };
  return time.getFullYear() === today.getFullYear() ? t('time.date_clock', day) : t('time.date_year_clock', { year: time.getFullYear(), ...day });
}

/** A calendar day, `2026-11-24`, without its year: it is never far. */
export function dayName(day: string): string {
  const [, month, date] = day.split('-');
  return t('time.day', { month: Number(month), day: Number(date) });
}

/** A calendar day, with its year where that is another. */
export function longDay(day: string, today: Date = now()): string {
  const [year, month, date] = day.split('-').map(Number);
  return year === today.getFullYear() ? dayName(day) : t('time.year_day', { year: year ?? '', month: month ?? '', day: date ?? '' });
}

export function weekday(at: Date): string {
  const names = t('time.weekdays');
  const name = language.value === 'zh' ? names[at.getDay()] : names.split(' ')[at.getDay()];
  return t('time.weekday', { month: at.getMonth() + 1, day: at.getDate(), weekday: name ?? '' });
}

/** A length of time in its largest sensible unit; for clock offsets. */
export function span(milliseconds: number): string {
  const seconds = Math.round(Math.abs(milliseconds) / 1000);
  if (seconds < 100) return t('time.seconds', { n: seconds });
  if (seconds < 6000) return t('time.minutes', { n: Math.round(seconds / 60) });
  if (seconds < 48 * 3600) return t('time.hours', { n: Math.round(seconds / 3600) });
  return t('time.days', { n: Math.round(seconds / 86_400) });
}

function daysBetween(earlier: Date, later: Date): number {
  const day = (at: Date) => Date.UTC(at.getFullYear(), at.getMonth(), at.getDate());
  return Math.round((day(later) - day(earlier)) / 86_400_000);
}
