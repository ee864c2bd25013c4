// How somebody signs in, and changing it. Where the server wants a fresh proof first, ProofDialog asks
// for it and the change goes on.

import { ref, shallowRef } from 'vue';
import type { AddedFactor, MySignIn } from './answers';
import { post, remove, type Answer, type Failed } from '../server/ask';
import { useAnswer } from '../shell/useAnswer';
import { makePasskey, type Ceremony } from './passkeys';
import { useSession } from './useSession';

/** An authenticator app that is being set up. */
interface Setting {
  ceremony: string;
  secret: string;
  uri: string;
}

export function useMySignIn() {
  const { notice } = useSession();
  const { answer, failed, load } = useAnswer<MySignIn>('sign-in', () => ({}));
  const busy = ref(false);
  const refused = shallowRef<Failed | null>(null);
  /** this authenticator has a passkey of the account already */
  const known = ref(false);
  /** recovery codes, shown once */
  const codes = shallowRef<string[] | null>(null);
  const setting = shallowRef<Setting | null>(null);

  async function ask<Body>(request: () => Promise<Answer<Body>>): Promise<Body | undefined> {
    busy.value = true;
    known.value = false;
    const said = notice(await request());
    busy.value = false;
    refused.value = said.kind === 'no_network' || said.kind === 'error' ? said : null;
    return said.kind === 'answered' ? said.body : undefined;
  }

  function added(factor: AddedFactor | undefined): boolean {
    if (!factor) return false;
    codes.value = factor.recovery_codes ?? codes.value;
    void load();
    return true;
  }

  async function addPasskey(name: string): Promise<boolean> {
    const begun = await ask(() => post<Ceremony>('sign-in/passkeys/begin'));
    if (!begun) return false;
    const made = await makePasskey(begun);
    known.value = made.kind === 'known';
    if (made.kind !== 'done') return false;
    return added(await ask(() => post<AddedFactor>('sign-in/passkeys', { ceremony: begun.ceremony, credential: made.credential, name })));
  }

  async function beginCode(): Promise<void> {
    setting.value = (await ask(() => post<Setting>('sign-in/code/begin'))) ?? null;
  }

  async function finishCode(code: string): Promise<void> {
    const ceremony = setting.value?.ceremony ?? '';
    if (added(await ask(() => post<AddedFactor>('sign-in/code', { ceremony, code })))) setting.value = null;
    else if (refused.value?.kind === 'error' && refused.value.error.code === 'ceremony_gone') setting.value = null;
  }

  async function away(path: string): Promise<void> {
    await ask(() => remove(path));
    await load();
  }

  async function newCodes(): Promise<void> {
    added(await ask(() => post<AddedFactor>('sign-in/recovery-codes')));
  }

  /** True: from now on it is the new one. */
  async function setPassword(password: string): Promise<boolean> {
    return (await ask(() => post<null>('sign-in/password', { password }))) === null;
  }

  return {
    answer,
    failed,
    load,
    busy,
    refused,
    known,
    codes,
    setting,
    addPasskey,
    removePasskey: (id: string) => away(`sign-in/passkeys/${id}`),
    beginCode,
    finishCode,
    removeCode: () => away('sign-in/code'),
    newCodes,
    setPassword,
  };
}
