// The phone's clock as the core wants it: RFC 3339 with milliseconds and the local offset.

export function rfc3339(at: Date = new Date()): string {
  const offset = -at.getTimezoneOffset();
  const sign = offset < 0 ? '-' : '+';
  const local = new Date(at.getTime() + offset * 60_000).toISOString().slice(0, 23);
  return `${local}${sign}${two(Math.floor(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`;
}

/** The local calendar day, which is what "today" means at a door. */
export function localDay(at: Date = new Date()): string {
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

function two(n: number): string {
  return String(n).padStart(2, '0');
}
