// Between an instant in an entry (RFC 3339 with the phone's offset) and the browser's
// date-and-time input, which knows neither offset nor milliseconds.

import { rfc3339 } from '../../core/clock';

export function toInput(value: unknown): string {
  return typeof value === 'string' ? rfc3339(new Date(value)).slice(0, 16) : '';
}

export function fromInput(value: string): string | null {
  const at = new Date(value);
  return value === '' || Number.isNaN(at.getTime()) ? null : rfc3339(at);
}
