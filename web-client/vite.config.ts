// One build, two entries: the phone's app at / and the desk at /desk/. The phone's floor
// decides the targets. Nothing is inlined into html or css: the content security policy
// allows neither inline scripts nor data: addresses.

import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vitest/config';
import { fieldServiceWorker } from './build/service-worker.ts';

export default defineConfig({
  plugins: [vue(), fieldServiceWorker()],
  build: {
    target: ['es2020', 'chrome111', 'safari15.4'],
    outDir: 'dist',
    manifest: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: { field: 'index.html', desk: 'desk/index.html' },
      // HPKE asks for Node's crypto only where there is no WebCrypto; how long each plugin took is nobody's news.
      checks: { pluginTimings: false },
      onLog(level, log, tell) {
        if (!log.message.includes('"crypto" has been externalized')) tell(level, log);
      },
    },
  },
  worker: { format: 'es' },
  test: {
    include: ['src/**/*.test.ts'],
  },
});
