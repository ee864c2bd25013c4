import { describe, expect, it } from 'vitest';
import type { RecordRow } from './answers';
import { arrivals, extended, refreshed, updated } from './pages';

function row(lsn: number, seq = lsn, changes: Partial<RecordRow> = {}): RecordRow {
  return {
    lsn,
    entry: `0198c0de-0000-7000-8000-${String(seq).padStart(12, '0')}`,
    kind: 'door_check',
    kind_labels: { zh: '入户登记', en: 'Door check' },
    grid: { id: 'g1', name: '第1网格' },
    worker: { id: 'w1', name: '林秋禾' },
    device: { id: 'd1', name: '红米 12C', office: false },
    seq,
    made_at: '2026-11-24T09:12:40.123+08:00',
    made: '2026-11-24T09:12:37.123+08:00',
    made_ms: 1_795_483_957_123,
    received: '2026-11-24T09:40:05.000+08:00',
    offset_ms: -3000,
    verdict: 'merged',
    reason: null,
    reason_text: null,
    rung: 'merged',
    address: null,
    summary: { zh: '见到', en: 'Met' },
    body: [],
    corrects: null,
    late: false,
    taken_back: null,
    ...changes,
  };
}

const lsns = (listed: { rows: RecordRow[] }) => listed.rows.map((one) => one.lsn);

describe('the list of records', () => {
  it('puts new rows on top and keeps what was paged in', () => {
    const listed = { rows: [row(9), row(8), row(7), row(6)], next: 6 };
    const head = { records: [row(11), row(10), row(9)], next: 9 };
    const after = refreshed(listed, head);
    expect(lsns(after)).toEqual([11, 10, 9, 8, 7, 6]);
    expect(after.next).toBe(6);
  });

  it('moves an entry to its later verdict instead of listing it twice', () => {
    const waiting = row(5, 5, { verdict: 'waiting', rung: 'on_server' });
    const listed = { rows: [row(7), row(6), waiting], next: 5 };
    const after = refreshed(listed, { records: [row(8, 5), row(7), row(6)], next: 6 });
    expect(lsns(after)).toEqual([8, 7, 6]);
    expect(after.rows[0]?.rung).toBe('merged');
  });

  it('starts over where rows arrived that nobody listed in between', () => {
    const after = refreshed({ rows: [row(3), row(2)], next: 2 }, { records: [row(90), row(89)], next: 89 });
    expect(lsns(after)).toEqual([90, 89]);
    expect(after.next).toBe(89);
  });

  it('is the page itself where the page is everything', () => {
    const after = refreshed({ rows: [row(3), row(2)], next: null }, { records: [row(3)], next: null });
    expect(lsns(after)).toEqual([3]);
  });

  it('grows at the end without repeating an entry', () => {
    const after = extended({ rows: [row(9), row(8)], next: 8 }, { records: [row(8), row(7)], next: null });
    expect(lsns(after)).toEqual([9, 8, 7]);
    expect(after.next).toBe(null);
  });

  it('counts what arrived and leaves the list where it was', () => {
    const listed = { rows: [row(9), row(8)], next: 8 };
    const head = { records: [row(11), row(10), row(9)], next: 9 };
    expect(arrivals(listed, head)).toEqual({ count: 2, more: false });
    expect(lsns(updated(listed, head))).toEqual([9, 8]);
    expect(arrivals(listed, { records: [row(31), row(30)], next: 30 })).toEqual({ count: 2, more: true });
  });

  it('shows a later verdict in the place of the earlier one', () => {
    const waiting = row(8, 8, { verdict: 'waiting', rung: 'on_server' });
    const listed = { rows: [row(9), waiting], next: null };
    const head = { records: [row(10, 8), row(9)], next: null };
    expect(arrivals(listed, head).count).toBe(0);
    expect(updated(listed, head).rows.map((one) => one.rung)).toEqual(['merged', 'merged']);
  });
});
