// Which page the address names. An address that names none is the records.

import { onScopeDispose, ref } from 'vue';

export type PageName = 'records' | 'conflicts';

function named(): PageName {
  return location.hash.startsWith('#/conflicts') ? 'conflicts' : 'records';
}

export function usePage() {
  const page = ref<PageName>(named());
  const follow = () => {
    page.value = named();
  };
  window.addEventListener('hashchange', follow);
  onScopeDispose(() => window.removeEventListener('hashchange', follow));
  return { page };
}
