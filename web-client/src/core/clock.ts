// The phone's clock as the core wants it, RFC 3339 with milliseconds and the local offset; and what
// the page calls now and today, which the server's clock decides where the phone's is clearly off.

import type { CoreWrite, Phone } from './phone';

/** Clocks that differ by less say nothing. */
export const NOTICEABLE_MS = 120_000;
let behindMs = 0;

/** The server's clock minus the phone's, as the core knows it. */
export function followHome(offsetMs: number | null): void {
  behindMs = Math.abs(offsetMs ?? 0) < NOTICEABLE_MS ? 0 : (offsetMs ?? 0);
}

export function now(): Date {
  return new Date(Date.now() + behindMs);
}

/** For what records or sends: that somebody set the clock is written down with it, in one transaction. */
export function noticing<T>(
  act: (phone: Phone, now: string) => { result: T; writes: CoreWrite[] },
): (phone: Phone) => { result: T; writes: CoreWrite[] } {
  return (phone) => {
    const at = rfc3339();
    const noticed = phone.notice_clock(at, performance.now());
    const { result, writes } = act(phone, at);
    return { result, writes: [...noticed, ...writes] };
  };
}

export function rfc3339(at: Date = new Date()): string {
  const offset = -at.getTimezoneOffset();
  const sign = offset < 0 ? '-' : '+';
  const local = new Date(at.getTime() + offset * 60_000).toISOString().slice(0, 23);
  return `${local}${sign}${two(Math.floor(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`;
}

/** The local calendar day, which is what "today" means at a door. */
export function localDay(at: Date = now()): string {
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

function two(n: number): string {
  return String(n).padStart(2, '0');
}
