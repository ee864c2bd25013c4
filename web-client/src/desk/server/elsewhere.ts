// Which community the desk looks at, if not the account's own: every question then names it, and the server decides
// by the roles there.

import { shallowRef } from 'vue';

export const elsewhere = shallowRef<{ code: string; name: string } | null>(null);

/** A path of the API, asked about that community. */
export function about(path: string): string {
  if (!elsewhere.value) return path;
  return `${path}${path.includes('?') ? '&' : '?'}community=${elsewhere.value.code}`;
}
