// One invitation at a time: made, shown as a QR code and digits, watched until a phone has come, and confirmed once
// somebody has compared. Its code is known here alone, and gone when the page is left.

import { onUnmounted, ref, shallowRef } from 'vue';
import type { InvitationsAnswer } from './answers';
import { get, post, type Failed } from '../server/ask';
import { useSession } from '../session/useSession';

const LOOK_EVERY_MS = 2_000;

export interface Invitation {
  worker: string;
  id: string;
  code: string;
  expires: string;
}

type Listed = InvitationsAnswer['invitations'][number];

export function useInvitation(onEnrolled: () => void) {
  const { notice } = useSession();
  const made = shallowRef<Invitation | null>(null);
  const stands = shallowRef<Listed | null>(null);
  const refused = shallowRef<Failed | null>(null);
  const busy = ref(false);
  let timer: ReturnType<typeof setTimeout> | null = null;

  onUnmounted(stop);

  async function invite(worker: string): Promise<void> {
    close();
    const said = await during(() => post<Omit<Invitation, 'worker'>>('staff/invitations', { worker }));
    if (!said) return;
    made.value = { worker, ...said };
    look();
  }

  /** The digits are those that this page shows: another phone's would not fit. */
  async function confirm(): Promise<void> {
    const [id, comparison] = [made.value?.id, stands.value?.phone?.comparison];
    if (!id || !comparison) return;
    await during(() => post<null>('staff/invitations/confirm', { id, comparison }));
    await lookNow();
  }

  async function end(): Promise<void> {
    const id = made.value?.id;
    close();
    if (id) await during(() => post<null>('staff/invitations/end', { id }));
  }

  function close(): void {
    stop();
    made.value = null;
    stands.value = null;
    refused.value = null;
  }

  async function during<Body>(ask: () => ReturnType<typeof post<Body>>): Promise<Body | null> {
    busy.value = true;
    const said = notice(await ask());
    busy.value = false;
    refused.value = said.kind === 'no_network' || said.kind === 'error' ? said : null;
    return said.kind === 'answered' ? said.body : null;
  }

  function look(): void {
    stop();
    timer = setTimeout(() => void lookNow(), LOOK_EVERY_MS);
  }

  async function lookNow(): Promise<void> {
    const id = made.value?.id;
    if (!id) return;
    const said = notice(await get<InvitationsAnswer>('staff/invitations'));
    if (made.value?.id !== id) return;
    if (said.kind === 'answered') {
      stands.value = said.body.invitations.find((one) => one.id === id) ?? null;
      if (stands.value?.state === 'confirmed') return onEnrolled();
    }
    // A look that failed is made again: the phone may come meanwhile.
    if (stands.value?.state !== 'refused' && stands.value?.state !== 'over') look();
  }

  function stop(): void {
    if (timer !== null) clearTimeout(timer);
    timer = null;
  }

  return { made, stands, refused, busy, invite, confirm, end, close };
}
