// Which page the address names (#/doors?standing=missing) and what it asks there. An address
// that names none is the overview. Links are made with `linkTo`, so that back works.

import { onScopeDispose, ref, shallowRef } from 'vue';
import { withQuery, type Query } from '../server/ask';

/** In the order of the menu. */
export const PAGES = ['morning', 'overview', 'doors', 'visits', 'records', 'held', 'conflicts', 'duplicates'] as const;
/** Pages that others lead to. */
const ASIDE = ['erase', 'grids'] as const;
export type PageName = (typeof PAGES)[number] | (typeof ASIDE)[number];

export function linkTo(page: PageName, query: Query = {}): string {
  return withQuery(`#/${page}`, query);
}

/** The page and the query that a hash names. */
export function named(hash: string): { page: PageName; query: Record<string, string> } {
  const [name, query = ''] = hash.replace(/^#\/?/, '').split('?');
  return { page: [...PAGES, ...ASIDE].find((page) => page === name) ?? 'overview', query: Object.fromEntries(new URLSearchParams(query)) };
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
