// Starts the field app: preferences before the first paint, then the worker, then the screens.
// A browser that cannot keep records is told so instead of being let in.

import '../theme/tokens.css';
import '../theme/base.css';
import '../theme/kit.css';
import '../theme/frame.css';

import { createApp } from 'vue';
import { recoverFromStaleChunks } from '../service-worker/stale-chunks';
import App from './App.vue';
import { startWorker } from './phone';
import { applyPreferences } from './preferences';
import { unfit } from './start/browser';
import UnfitBrowser from './start/UnfitBrowser.vue';

applyPreferences();
const why = unfit();
if (why) {
  createApp(UnfitBrowser, { why }).mount('#app');
} else {
  recoverFromStaleChunks(() => !location.hash.startsWith('#/form/'));
  startWorker();
  createApp(App).mount('#app');
}
