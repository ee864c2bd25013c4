// Which page the address names (#/doors?standing=missing) and what it asks there. An address
// that names none is the overview. Links are made with `linkTo`, so that back works.

import { onScopeDispose, ref, shallowRef } from 'vue';
import { withQuery, type Query } from '../server/ask';
import type { Action } from '../session/may';

/** In the order of the menu, and what one must be allowed to do to get in. */
const MENU = {
  street: 'see_street',
  morning: 'see_figures',
  overview: 'see_figures',
  doors: 'see_doors',
  visits: 'see_visits',
  records: 'see_records',
  held: 'review',
  conflicts: 'review',
  duplicates: 'review',
  staff: 'invite_phones',
  audit: 'see_audit',
} as const satisfies Record<string, Action>;
/** Pages that others lead to. */
const ASIDE = {
  chain: 'see_doors', numbers: 'see_id_numbers', erase: 'erase', grids: 'organise', sessions: null,
} as const satisfies Record<string, Action | null>;
const NEEDS = { ...MENU, ...ASIDE };
export type MenuName = keyof typeof MENU;
export type PageName = keyof typeof NEEDS;
const ALL = Object.keys(NEEDS) as PageName[];

/** The pages of the menu for somebody who may do this. */
export function menu(may: (action: Action) => boolean): MenuName[] {
  return (Object.keys(MENU) as MenuName[]).filter((page) => may(MENU[page]));
}

/** Whether somebody who may do this gets into a page. */
export function isOpen(page: PageName, may: (action: Action) => boolean): boolean {
  const needed = NEEDS[page];
  return needed === null || may(needed);
}

/** Where no page is named and the usual one is not theirs: the first of the menu. */
export function openFirst(may: (action: Action) => boolean): void {
  const first = menu(may)[0];
  if (first && !location.hash.replace(/^#\/?/, '') && !isOpen('overview', may)) location.replace(linkTo(first));
}

export function linkTo(page: PageName, query: Query = {}): string {
  return withQuery(`#/${page}`, query);
}

/** The page and the query that a hash names. */
export function named(hash: string): { page: PageName; query: Record<string, string> } {
  const [name, query = ''] = hash.replace(/^#\/?/, '').split('?');
  return { page: ALL.find((page) => page === name) ?? 'overview', query: Object.fromEntries(new URLSearchParams(query)) };
}

export function usePage() {
  const page = ref<PageName>('overview');
  const query = shallowRef<Record<string, string>>({});
  const follow = () => {
    const now = named(location.hash);
    page.value = now.page;
    query.value = now.query;
  };
  follow();
  window.addEventListener('hashchange', follow);
  onScopeDispose(() => window.removeEventListener('hashchange', follow));
  return { page, query };
}
