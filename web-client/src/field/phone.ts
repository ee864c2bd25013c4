// The page's one view of its worker: state as the screens read it, and questions that follow changes.
// Nothing here computes a figure; every number comes from the core.

import { computed, onUnmounted, ref, shallowRef, watch, type ShallowRef } from 'vue';
import { followHome } from '../core/clock';
import { CoreClient, CoreFailure, makeWorker } from '../core/client';
import type { Failure, WorkerState } from '../core/calls';
import type { Kind } from '../core/types';
import { preferences } from './preferences';

export const worker = shallowRef<WorkerState | null>(null);
export const kinds = shallowRef<Kind[]>([]);
/** grows with every change of what the core knows */
export const changes = ref(0);

export const status = computed(() => worker.value?.phone ?? null);
/** Somebody else answers in our server's place: a login page, a proxy. */
export const stranger = computed(() => online.value && worker.value?.contact.last?.outcome === 'stranger');
export const offline = computed(
  () => !online.value || stranger.value || worker.value?.contact.last?.outcome === 'no_network',
);

const online = ref(navigator.onLine);
let client: CoreClient | null = null;
const TELL_USED_EVERY_MS = 10_000;
let toldUsed = 0;

export function startWorker(): void {
  client = new CoreClient(makeWorker, (state) => void arrived(state), () => {
    changes.value += 1;
  });
  watch(
    () => preferences.language,
    (language) => client?.notify({ notice: 'language', language }),
    { immediate: true },
  );
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState !== 'visible') return;
    client?.notify({ notice: 'wake', reason: 'visible' });
    // A day may have passed in the pocket: what is due today is asked again.
    changes.value += 1;
  });
  for (const sign of ['pointerdown', 'keydown']) addEventListener(sign, used, { passive: true });
  addEventListener('online', () => {
    online.value = true;
    client?.notify({ notice: 'wake', reason: 'online' });
  });
  addEventListener('offline', () => {
    online.value = false;
  });
}

/** Whose records are open is there; said now and then, so that they stay open. */
function used(): void {
  if (Date.now() - toldUsed < TELL_USED_EVERY_MS) return;
  toldUsed = Date.now();
  client?.notify({ notice: 'used' });
}

async function arrived(state: WorkerState): Promise<void> {
  if (state.phase === 'ready' && kinds.value.length === 0) kinds.value = await core().ask('kinds');
  followHome(state.phone?.offset_ms ?? null);
  worker.value = state;
}

export function core(): CoreClient {
  if (!client) throw new Error('the worker was not started');
  return client;
}

export function asFailure(error: unknown): Failure {
  if (error instanceof CoreFailure) return error.failure;
  return { code: 'core_failed', message: error instanceof Error ? error.message : String(error) };
}

export interface Query<T> {
  data: ShallowRef<T | null>;
  failure: ShallowRef<Failure | null>;
}

/** Asks now, when `about` changes, and whenever the core has changed; the last answer stays until the next. */
export function useQuery<T>(about: () => unknown, question: () => Promise<T> | null): Query<T> {
  const data = shallowRef<T | null>(null);
  const failure = shallowRef<Failure | null>(null);
  let asked = 0;
  const stop = watch(
    [about, changes],
    async () => {
      const mine = ++asked;
      try {
        const answer = await question();
        if (mine !== asked) return;
        data.value = answer;
        failure.value = null;
      } catch (error) {
        if (mine === asked) failure.value = asFailure(error);
      }
    },
    { immediate: true },
  );
  onUnmounted(stop);
  return { data, failure };
}
