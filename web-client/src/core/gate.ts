// What stands in front of the records: the PIN, a screen that nobody touches, a lease that ran out, another window that
// writes. Once they are shut nothing of them is in memory here, and nothing that names anybody is told (docs/adr/0028).

import type { PinResult, SignOutResult } from './calls';
import { asFailure, changed, first, here, holders, hostOf, inOrder, loop, ready, state, tell, WIPED_ROW } from './here';
import type { Host } from './host';
import { changePin, choosePin, forgetLeaseIfOver, lockState, openWith, provisionalVault, throwKeyAway } from './lock';
import { weakness } from './pin';
import { forgetSession, loadSession } from './session';
import { INCOMPLETE_ROW } from './snapshots';
import type { PhoneStatus } from './types';
import { loadCore } from './wasm';

/** Nobody has touched the screen for so long: it wants the PIN again. */
const IDLE_MS = 15 * 60_000;
/** What the page has just sent to be kept is on its way. */
const LAST_WORDS_MS = 300;

/** records are being shut: what is under way ends first */
let shutting: Promise<void> = Promise.resolve();
let lastUsed = Date.now();

export async function start(): Promise<void> {
  state.phase = 'opening';
  state.failure = null;
  await tell();
  try {
    await first.becomeWriter();
    here.current = await holders.load();
    here.module = await loadCore();
    here.session = await loadSession(here.current);
    state.wiped = (await here.current.get<boolean>('keys', WIPED_ROW)) ?? false;
    await forgetLeaseIfOver(here.current);
    await enter();
  } catch (error) {
    state.phase = 'broken';
    state.failure = asFailure(error);
    await tell();
  }
}

/** What stands in front: nothing on a phone that knows nobody, a PIN to be chosen, or the one that was. */
export async function enter(): Promise<void> {
  const { current, host } = here;
  const { standing } = await lockState(current);
  if (standing === 'pin' || standing === 'lease' || standing === 'gone') {
    if (host && current.vault) return opened();
    state.phase = 'locked';
    await tell();
    // Nobody needs to read anything for what is unsent.
    nudge('start');
  } else if (standing === 'no_pin' || (await current.hasData())) {
    current.vault ??= await provisionalVault(current);
    state.phase = 'choose_pin';
    await tell();
  } else {
    here.host = host ?? (await hostOf(current));
    await opened();
  }
}

async function opened(): Promise<void> {
  state.phase = 'ready';
  lastUsed = Date.now();
  here.incomplete = (await here.current.get<boolean>('keys', INCOMPLETE_ROW)) ?? false;
  await changed();
  // After a stop the page starts us calmly, so that one bad answer cannot turn into a loop.
  if (here.session) loop.nudge(self.name === 'calm' ? 'saved' : 'start');
}

/** The screens close at once; what is under way with the server ends first, then nothing here can read any more. */
export async function shut(): Promise<void> {
  const own = here.host;
  if (!own?.store.vault || state.phase !== 'ready') return;
  here.host = null;
  state.phase = 'locked';
  shutting = forget(own);
  await tell();
  await shutting;
  nudge('start');
}

async function forget(own: Host): Promise<void> {
  await loop.idle();
  await new Promise((resolve) => setTimeout(resolve, LAST_WORDS_MS));
  await inOrder(async () => {
    own.close();
    own.store.vault = null;
  });
}

/** Nobody has used it for a while, or it was too long without the server. */
export async function shutIfDue(): Promise<void> {
  if (state.phase !== 'ready' && state.phase !== 'locked') return;
  const store = here.current;
  await inOrder(() => forgetLeaseIfOver(store));
  const { standing } = await lockState(store);
  const idle = Math.abs(Date.now() - lastUsed) > IDLE_MS;
  if (state.phase === 'locked') await tell();
  else if (standing === 'lease' || standing === 'gone' || (standing === 'pin' && idle)) await shut();
}

/** Somebody touches the screen. */
export function used(): void {
  lastUsed = Date.now();
}

/** Another window writes from now on. */
export function stepAside(): void {
  loop.stop();
  const own = here.host;
  here.host = null;
  here.current.vault = null;
  own?.store.close();
  first.close();
  // What is under way fails by itself; nothing is taken from under it.
  void inOrder(async () => own?.close());
  state.phase = 'other_window';
  void tell();
}

export function nudge(why: 'start' | 'visible' | 'online'): void {
  const { session } = here;
  if (state.phase === 'locked' || (state.phase === 'ready' && session && !session.expired)) loop.nudge(why);
}

export async function chooseFirstPin(pin: string): Promise<PinResult> {
  const why = weakness(pin);
  if (why) return { outcome: 'weak', why };
  await inOrder(async () => {
    const own = here.host ?? (await hostOf(here.current));
    const { community, worker } = await own.ask<PhoneStatus>((phone) => phone.status());
    await choosePin(here.current, community?.code ?? '', pin);
    await holders.claim(worker?.id ?? null);
    here.host = own;
  });
  await opened();
  return { outcome: 'opened' };
}

export async function unlock(pin: string): Promise<PinResult> {
  await shutting;
  const { outcome } = await inOrder(async () => {
    const { current } = here;
    if (here.host) return { outcome: 'opened' as const };
    const tried = await openWith(current, pin);
    if (tried.outcome !== 'opened') return tried;
    current.vault = tried.vault;
    try {
      here.host = await hostOf(current);
    } finally {
      if (!here.host) current.vault = null;
    }
    return tried;
  });
  if (outcome === 'opened') {
    await opened();
    return { outcome };
  }
  await tell();
  return said(outcome);
}

export async function changeThePin(old: string, pin: string): Promise<PinResult> {
  const why = weakness(pin);
  if (why) return { outcome: 'weak', why };
  const outcome = await inOrder(() => changePin(ready().store, old, pin));
  if (outcome === 'gone') await shut();
  return outcome === 'opened' ? { outcome } : said(outcome);
}

export async function forgetPin(): Promise<void> {
  await inOrder(() => throwKeyAway(here.current));
  await tell();
}

/** The lease was there, and did not fit: what ran out is told by the state. */
async function said(outcome: 'wrong' | 'wait' | 'lease' | 'gone'): Promise<PinResult> {
  const { tries_left } = await lockState(here.current);
  return { outcome: outcome === 'lease' ? 'other_lease' : outcome, tries_left };
}

export async function signOut(): Promise<SignOutResult> {
  const { only_here } = await inOrder(() => ready().ask<PhoneStatus>((phone) => phone.status()));
  // What only this phone has would sit here unseen; it goes first.
  if (only_here > 0) return { outcome: 'unsent', count: only_here };
  await inOrder(() => ready().store.commit([forgetSession()]));
  here.session = null;
  loop.stop();
  await shut();
  return { outcome: 'signed_out' };
}
