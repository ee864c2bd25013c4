// A new version of the app: offered, never taken by itself. The offer appears only on the home
// screen with no unfinished form, because taking it reloads the page.

import { ref } from 'vue';
import { registerServiceWorker, takeUpdate } from '../../service-worker/register';

export const updateReady = ref(false);

export function listenForUpdates(): void {
  void registerServiceWorker({
    ready: () => {
      updateReady.value = true;
    },
  });
}

export { takeUpdate };
