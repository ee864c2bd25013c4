// Decides which requests the service worker answers at all, and from where.
// The desk and the API are never touched: a stale answer there would be a lie.

import { stored } from './precache';
import { worker } from './scope';

const LEFT_ALONE = ['/api', '/desk'];
const START_PAGE = '/index.html';

/** The answer to a request, or null where the browser should go on without us. */
export function answer(request: Request): Promise<Response> | null {
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== worker.location.origin) return null;
  if (LEFT_ALONE.some((path) => url.pathname === path || url.pathname.startsWith(`${path}/`))) return null;
  if (request.mode === 'navigate') {
    return isScreen(url.pathname) ? storedElseNetwork(START_PAGE, request) : null;
  }
  return storedElseNetwork(url.pathname, request);
}

/** A screen's address has no file name in it; `/some.pdf` opened in a tab is the server's. */
function isScreen(path: string): boolean {
  return path === START_PAGE || !path.slice(path.lastIndexOf('/')).includes('.');
}

async function storedElseNetwork(path: string, request: Request): Promise<Response> {
  return (await stored(path)) ?? fetch(request);
}
