// Which screen is open, as a hash address. Small on purpose: twelve screens, no nesting.
// It remembers the trail of this window so that "back to the building" is one step, not a new page.

import { shallowRef } from 'vue';

export type Route =
  | { page: 'today' }
  | { page: 'doors'; building: string | null }
  | { page: 'door'; dwelling: string }
  | { page: 'form'; kind: string; dwelling: string; subject: string | null; corrects?: string | null }
  | { page: 'sync' }
  | { page: 'hand_over' }
  | { page: 'carry' }
  | { page: 'me' }
  | { page: 'pin' }
  | { page: 'enrol'; code: string | null };

/** Stands where a form has no subject of its own and something follows. */
const NOBODY = '-';

export const route = shallowRef<Route>(parse(location.hash));

const trail: string[] = [location.hash];
let at = 0;

export function parse(hash: string): Route {
  const [page, ...rest] = hash.replace(/^#\/?/, '').split('/').map(decodeURIComponent);
  const [first, second, third, fourth] = rest;
  if (page === 'doors') return { page, building: first || null };
  if (page === 'door' && first) return { page, dwelling: first };
  if (page === 'form' && first && second) return { page, kind: first, dwelling: second, subject: third && third !== NOBODY ? third : null, corrects: fourth || null };
  if (page === 'sync' || page === 'carry' || page === 'me' || page === 'pin') return { page };
  if (page === 'hand-over') return { page: 'hand_over' };
  if (page === 'enrol') return { page, code: first || null };
  return { page: 'today' };
}

export function address(to: Route): string {
  const parts: (string | null)[] =
    to.page === 'doors' ? ['doors', to.building]
    : to.page === 'door' ? ['door', to.dwelling]
    : to.page === 'form' ? ['form', to.kind, to.dwelling, to.subject ?? (to.corrects ? NOBODY : null), to.corrects ?? null]
    : to.page === 'enrol' ? ['enrol', to.code]
    : [to.page.replace('_', '-')];
  return `#/${parts.filter((part): part is string => !!part).map(encodeURIComponent).join('/')}`;
}

export function go(to: Route, how: 'push' | 'replace' = 'push'): void {
  const hash = address(to);
  if (hash === trail[at]) return;
  if (how === 'push') at += 1;
  trail.length = at;
  trail[at] = hash;
  if (how === 'push') history.pushState({ at }, '', hash);
  else history.replaceState({ at }, '', hash);
  route.value = to;
}

/** One step back where this window has one, else to where that page hangs. */
export function back(otherwise: Route): void {
  if (at > 0) history.back();
  else go(otherwise, 'replace');
}

/** Past these screens, to where they were opened from; else there in their place. */
export function leave(pages: Route['page'][], otherwise: Route): void {
  for (let before = at - 1; before >= 0; before -= 1) {
    const page = parse(trail[before] ?? '').page;
    if (!pages.includes(page)) return history.go(before - at);
  }
  go(otherwise, 'replace');
}

history.replaceState({ at: 0 }, '');
addEventListener('popstate', (event) => {
  const state = event.state as { at?: number } | null;
  if (typeof state?.at === 'number') at = state.at;
  else {
    // Typed into the address bar or followed as a link: a step forward.
    at += 1;
    trail.length = at;
    history.replaceState({ at }, '');
  }
  trail[at] = location.hash;
  route.value = parse(location.hash);
});
