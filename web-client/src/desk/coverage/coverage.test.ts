import { createSSRApp, type Component } from 'vue';
import { renderToString } from 'vue/server-renderer';
import { describe, expect, it } from 'vitest';
import type { Counts, SilentPhone } from '../server/answers';
import type { Visit } from '../visits/answers';
import type { Coverage, GridCoverage } from './answers';
import VisitRow from '../visits/VisitRow.vue';
import CoverageTable from './CoverageTable.vue';
import SilentPhones from '../parts/SilentPhones.vue';
import NotSeen from './NotSeen.vue';
import { percent, segments, share } from './standing';

const phone: SilentPhone = {
  worker: { id: 'w', name: '何建平' },
  device: { id: 'd', name: '红米 12C', office: false },
  last_contact: '2026-11-23T17:52:00.000+08:00',
  incomplete: false,
  missing: [],
};

const counts = (some: Partial<Counts>): Counts => ({ doors: 0, closed: 0, empty: 0, visited_open: 0, refused: 0, not_visited: 0, not_heard_from: 0, ...some });

const grid: GridCoverage = {
  id: 'g7',
  name: '第7网格',
  workers: [{ id: 'w', name: '何建平' }],
  phones: 2,
  silent: [phone],
  buildings: [],
  ...counts({ doors: 11, closed: 4, empty: 1, visited_open: 2, refused: 1, not_heard_from: 5 }),
};

const coverage: Coverage = {
  today: '2026-11-24',
  heard_since: '2026-11-24T00:00:00.000+08:00',
  campaign: null,
  campaigns: [],
  total: counts({ doors: 20, closed: 4, empty: 1, visited_open: 2, refused: 1, not_visited: 9, not_heard_from: 5 }),
  grids: [grid],
};

const now = '2026-11-24T10:42:08.000+08:00';
const shown = (component: Component, props: Record<string, unknown>) => renderToString(createSSRApp(component, props));
const text = (html: string) => html.replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ');

describe('coverage on the screen', () => {
  it('names the entries of a phone that are known to be missing, and since when', async () => {
    const missing = [
      { first: 14, last: 17, since: '2026-11-24T09:30:00.000+08:00' },
      { first: 21, last: 21, since: '2026-11-24T09:41:00.000+08:00' },
    ];
    const words = text(await shown(SilentPhones, { phones: [{ ...phone, missing }], now, today: '2026-11-24' }));
    expect(words).toMatch(/何建平.*缺第 14 至 17 条，.*9:30.* 起.*缺第 21 条/);
  });

  it('has segments that add up to the doors', () => {
    expect(segments(coverage.total).map(({ state, count }) => [state, count])).toEqual([
      ['checked', 3], ['empty', 1], ['absent', 1], ['refused', 1], ['due', 9], ['unknown', 5],
    ]);
  });

  it('is a hundred percent only where no door is left', () => {
    expect(percent(counts({ doors: 200, closed: 199 }))).toBe(99);
    expect(percent(counts({ doors: 200, closed: 200 }))).toBe(100);
    expect(percent(counts({}))).toBe(0);
    expect([share(counts({})), share(counts({ doors: 200, closed: 199 }))]).toEqual(['—', '99%']);
  });

  it('keeps not visited and not yet heard from apart, with whose phone and since when', async () => {
    const html = await shown(NotSeen, { coverage, campaign: '', now });
    expect(html).toMatch(/href="#\/doors\?standing=not_visited"[^>]*>\s*<b[^>]*>9</);
    expect(html).toMatch(/href="#\/doors\?standing=not_heard_from"[^>]*>\s*<b[^>]*>5</);
    expect(html).not.toContain('14');
    expect(text(html)).toContain('何建平 红米 12C 11月23日 17:52:00 起没联系');
  });

  it('opens from each number of the table the list it counts', async () => {
    const html = await shown(CoverageTable, { coverage, campaign: 'c1', now });
    for (const [standing, count] of [['closed', 4], ['visited_open', 2], ['not_visited', 0], ['not_heard_from', 5]]) {
      expect(html).toMatch(new RegExp(`href="#/doors\\?standing=${standing}&amp;grid=g7&amp;campaign=c1"[^>]*>${count}<`));
    }
  });
});

describe('a visit that is wanted', () => {
  const visit: Visit = {
    plan: 'p',
    subject: 's',
    name: '陈玉珍',
    grid: null,
    address: { compound: null, building: '5号楼', unit: '2', room: '302' },
    level: { zh: '高', en: 'High' },
    clock: 'in_person',
    due_on: '2026-11-22',
    days_overdue: 2,
    last: null,
    responsible: [{ id: 'w', name: '何建平' }],
    silent: [],
  };
  const row = (props: Record<string, unknown>) => shown(VisitRow, { now, today: '2026-11-24', ...props });

  it('is overdue by days where every responsible phone was heard from', async () => {
    expect(text(await row({ visit, known: true }))).toContain('逾期 2 天');
  });

  it('is never called overdue while a responsible phone is silent', async () => {
    const words = text(await row({ visit: { ...visit, silent: [phone] }, known: false }));
    expect(words).not.toContain('逾期 2 天');
    expect(words).toContain('未收到，逾期与否不知');
    expect(words).toContain('起没联系');
  });
});
