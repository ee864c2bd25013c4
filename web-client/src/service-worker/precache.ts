// Keeps one complete copy of the field app in the browser's cache, so that it starts with the
// server down. A copy is complete or it is not used; the former one stays until the new worker
// is activated. Refuses whatever is not byte for byte what was built.

import type { PrecachedFile } from './file-list';
import { fieldFiles } from './scope';

const PREFIX = 'menpai-field-';
const current = PREFIX + fieldFiles.version;

/** Fetches what is missing. An interrupted run is taken up again by the next one. */
export async function fill(): Promise<void> {
  const cache = await caches.open(current);
  const former = await formerCaches();
  for (const file of fieldFiles.files) {
    if (await cache.match(file.url)) continue;
    const response = (file.immutable && (await keptBefore(former, file.url))) || (await download(file));
    await cache.put(file.url, response);
  }
}

/** Drops the copies of other versions. Only an activated worker may call it. */
export async function dropFormer(): Promise<void> {
  for (const name of await caches.keys()) {
    if (name.startsWith(PREFIX) && name !== current) await caches.delete(name);
  }
}

/** The file as it was built, if this version has it. */
export async function stored(url: string): Promise<Response | undefined> {
  const cache = await caches.open(current);
  return cache.match(url, { ignoreVary: true });
}

async function formerCaches(): Promise<Cache[]> {
  const names = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== current);
  return Promise.all(names.map((name) => caches.open(name)));
}

async function keptBefore(former: Cache[], url: string): Promise<Response | undefined> {
  for (const cache of former) {
    const response = await cache.match(url, { ignoreVary: true });
    if (response) return response;
  }
  return undefined;
}

async function download(file: PrecachedFile): Promise<Response> {
  const first = file.immutable ? 'default' : 'no-cache';
  try {
    return await exactly(file, first);
  } catch {
    // The browser's own cache may hold a proxy's answer: ask once more, past it.
    return exactly(file, 'reload');
  }
}

async function exactly(file: PrecachedFile, cache: RequestCache): Promise<Response> {
  const response = await fetch(file.url, {
    cache,
    credentials: 'same-origin',
    integrity: file.integrity,
    redirect: 'error',
  });
  if (!response.ok || response.redirected) throw new Error(`${file.url}: status ${response.status}`);
  return response;
}
