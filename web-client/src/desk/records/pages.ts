// What the list shows after the newest page was asked for again: new rows come on top, an
// entry that got a later verdict moves to it, and rows further down stay where they were.

import type { RecordRow, RecordsAnswer } from '../server/answers';

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

/** The list with an earlier page under it. */
export function extended(listed: Listed, page: RecordsAnswer): Listed {
  const known = new Set(listed.rows.map(rowKey));
  return { rows: [...listed.rows, ...page.records.filter((row) => !known.has(rowKey(row)))], next: page.next };
}
