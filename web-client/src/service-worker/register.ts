// The page's side of the service worker: registers it and tells when a new version is ready.
// Taking over is the user's decision; this file never reloads a page that did not ask for it.

import { ownScript } from '../core/own-scripts';

export interface Updates {
  /** a new version is stored and waits */
  ready(): void;
}

let waiting: ServiceWorker | null = null;

/** Registers the service worker. False where the browser has none: the app then works online only. */
export async function registerServiceWorker(updates: Updates): Promise<boolean> {
  if (!('serviceWorker' in navigator)) return false;
  let registration: ServiceWorkerRegistration;
  try {
    registration = await navigator.serviceWorker.register(ownScript('serviceWorker'), { updateViaCache: 'none' });
  } catch {
    return false;
  }
  const offer = (worker: ServiceWorker | null): void => {
    // Without a controller this is the first installation, not an update.
    if (!worker || !navigator.serviceWorker.controller) return;
    waiting = worker;
    updates.ready();
  };
  offer(registration.waiting);
  registration.addEventListener('updatefound', () => {
    const installing = registration.installing;
    installing?.addEventListener('statechange', () => {
      if (installing.state === 'installed') offer(installing);
    });
  });
  return true;
}

/** Lets the waiting version take over and reloads once it has. Call it on the user's tap only. */
export function takeUpdate(): void {
  if (!waiting) return;
  navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
  waiting.postMessage('take-over');
}

/** Resolves once the whole app is stored and controls this page: it then starts without a server. */
export async function offlineReady(): Promise<void> {
  await navigator.serviceWorker.ready;
  if (navigator.serviceWorker.controller) return;
  await new Promise<void>((resolve) => {
    navigator.serviceWorker.addEventListener('controllerchange', () => resolve(), { once: true });
  });
}
