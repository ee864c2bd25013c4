// What a decision is made of before it is sent: the value as its field takes it, an id that
// the same decision keeps when it is sent again, and which conflict comes next.

import type { Scalar } from '../server/answers';
import type { ConflictInput } from './answers';

/** What was typed, as a value of the field; null where it is none yet. */
export function valueOf(input: ConflictInput, written: string): Scalar {
  const text = written.trim();
  if (text === '') return null;
  switch (input.type) {
    case 'integer':
      return /^[+-]?\d{1,15}$/.test(text) ? Number(text) : null;
    case 'bool':
      return text === 'true';
    default:
      return text;
  }
}

/** UUIDv7: the clock in milliseconds, then chance. */
export function newEntryId(now_ms: number, chance: Uint8Array): string {
  const bytes = new Uint8Array(16);
  bytes.set(chance.subarray(0, 10), 6);
  for (let index = 0; index < 6; index += 1) bytes[index] = Math.floor(now_ms / 2 ** (8 * (5 - index))) % 256;
  bytes[6] = 0x70 | (bytes[6]! & 0x0f);
  bytes[8] = 0x80 | (bytes[8]! & 0x3f);
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** Gives one and the same decision one and the same id, however often it is sent. */
export function keptIds(make: () => string): (decision: unknown) => string {
  let last = { of: '', id: '' };
  return (decision) => {
    const of = JSON.stringify(decision);
    if (of !== last.of) last = { of, id: make() };
    return last.id;
  };
}

/** What stands after `decided` in the list as it was, if it is still listed; else the last before it. */
export function nextAfter(decided: string, before: string[], now: string[]): string | null {
  const at = before.indexOf(decided);
  const listed = (key: string) => key !== decided && now.includes(key);
  return before.slice(at + 1).find(listed) ?? before.slice(0, Math.max(at, 0)).reverse().find(listed) ?? now.find(listed) ?? null;
}
