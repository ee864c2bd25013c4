// The service worker's entry: wires events to the files beside it. It holds no data of the
// worker's, and a new version never takes over by itself: the page asks, when nothing is open.

import { answer } from './navigation';
import { dropFormer, fill } from './precache';
import { worker } from './scope';

worker.addEventListener('install', (event) => {
  event.waitUntil(fill());
});

worker.addEventListener('activate', (event) => {
  event.waitUntil(dropFormer().then(() => worker.clients.claim()));
});

worker.addEventListener('message', (event) => {
  if (event.data === 'take-over') void worker.skipWaiting();
});

worker.addEventListener('fetch', (event) => {
  const response = answer(event.request);
  if (response) event.respondWith(response);
});
