// What the list shows after the newest page was asked for again: new rows come on top, an
// entry that got a later verdict moves to it, and rows further down stay where they were.

import type { RecordRow, RecordsAnswer } from './answers';

/** One entry has one row, whichever line of the log it stands on. */
export function rowKey(row: RecordRow): string {
  return `${row.device.id}/${row.seq}`;
}

export interface Listed {
  rows: RecordRow[];
  next: number | null;
}

/** The newest page, with what was listed below it where the two meet without a gap. */
export function refreshed(listed: Listed, head: RecordsAnswer): Listed {
  const lowest = head.records.at(-1)?.lsn;
  const highest = listed.rows[0]?.lsn;
  const apart = lowest === undefined || highest === undefined || lowest > highest;
  if (head.next === null || apart) return { rows: head.records, next: head.next };
  const again = new Set(head.records.map(rowKey));
  const below = listed.rows.filter((row) => row.lsn < lowest && !again.has(rowKey(row)));
  return { rows: [...head.records, ...below], next: below.length > 0 ? listed.next : head.next };
}

/** How many rows of the newest page are not listed yet; `more`: there may be others between. */
export function arrivals(listed: Listed, head: RecordsAnswer): { count: number; more: boolean } {
  const known = new Set(listed.rows.map(rowKey));
  const count = head.records.filter((row) => !known.has(rowKey(row))).length;
  return { count, more: head.next !== null && count === head.records.length };
}

/** The list as it stood, with entries that got a later verdict moved to it in their places. */
export function updated(listed: Listed, head: RecordsAnswer): Listed {
  const now = new Map(head.records.map((row) => [rowKey(row), row]));
  return { ...listed, rows: listed.rows.map((row) => now.get(rowKey(row)) ?? row) };
}

/** The list with an earlier page under it. */
export function extended(listed: Listed, page: RecordsAnswer): Listed {
  const known = new Set(listed.rows.map(rowKey));
  return { rows: [...listed.rows, ...page.records.filter((row) => !known.has(rowKey(row)))], next: page.next };
}
