// Keeps the draft on the phone at every answer. Only the newest answers wait while one write runs,
// and `savedAt` moves only when a write has ended: the header never claims more.

import { ref } from 'vue';
import type { Draft } from '../../core/calls';
import { rfc3339 } from '../../core/clock';
import { core } from '../phone';

export function useDraft(key: string) {
  const savedAt = ref<string | null>(null);
  const failed = ref(false);
  let pending: Draft | null = null;
  let writing = false;
  let closed = false;

  async function load(): Promise<Draft | null> {
    const draft = await core().ask('draft', key);
    savedAt.value = draft?.saved_at ?? null;
    return draft;
  }

  function keep(draft: Omit<Draft, 'key' | 'saved_at'>): void {
    if (closed) return;
    // Plain data: what Vue watches cannot be sent to a worker.
    pending = { ...(JSON.parse(JSON.stringify(draft)) as typeof draft), key, saved_at: rfc3339() };
    if (!writing) void write();
  }

  async function write(): Promise<void> {
    writing = true;
    while (pending) {
      const draft = pending;
      pending = null;
      try {
        await core().ask('keepDraft', draft);
        savedAt.value = draft.saved_at;
        failed.value = false;
      } catch {
        failed.value = true;
      }
    }
    writing = false;
  }

  /** The record is saved and its draft gone with it: nothing may write it again. */
  function close(): void {
    closed = true;
    pending = null;
  }

  async function discard(): Promise<void> {
    close();
    await core().ask('dropDraft', key);
  }

  return { savedAt, failed, load, keep, close, discard };
}
