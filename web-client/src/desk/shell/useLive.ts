// Listens to the server's events while the page is visible: each says only that the log has
// moved or a phone was in contact. A browser allows few connections to one server, so a page
// that nobody sees gives its own back.

import { onScopeDispose, ref, shallowReadonly } from 'vue';
import { about } from '../server/elsewhere';

const ADDRESS = '/api/v1/desk/events';
/** After a refusal, such as an ended session; broken connections the browser renews itself. */
const AGAIN_MS = 15_000;

const live = ref(false);

/** Calls `arrived` for every event and whenever listening begins anew or is refused. */
export function keepLive(arrived: () => void): void {
  let events: EventSource | null = null;
  let again: ReturnType<typeof setTimeout> | undefined;

  const close = () => {
    clearTimeout(again);
    events?.close();
    events = null;
    live.value = false;
  };
  const open = () => {
    close();
    const opened = new EventSource(about(ADDRESS));
    events = opened;
    opened.onopen = () => {
      live.value = true;
      arrived();
    };
    opened.onmessage = arrived;
    opened.onerror = () => {
      live.value = false;
      if (opened.readyState !== EventSource.CLOSED) return;
      close();
      arrived();
      again = setTimeout(open, AGAIN_MS);
    };
  };
  const follow = () => {
    if (document.visibilityState === 'visible') open();
    else close();
  };

  document.addEventListener('visibilitychange', follow);
  onScopeDispose(() => {
    document.removeEventListener('visibilitychange', follow);
    close();
  });
  follow();
}

export function useLive() {
  return { live: shallowReadonly(live) };
}
