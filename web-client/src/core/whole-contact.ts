// All that one contact with the server does: this worker's own work, then what others left here, colleagues' packets, and
// the lease. Shut, what is sealed goes all the same. A phone that was lost hands in what it has, then has nothing.

import { contact, type ContactResult, type Line } from './contact';
import { loadDeviceKey } from './device-key';
import { deviceName } from './enrolment';
import { enter, shut } from './gate';
import { asFailure, changed, first, here, holders, inOrder, loop, post, state, tell, WIPED } from './here';
import type { Host } from './host';
import { renewLease } from './lease';
import { lockState, throwKeyAway } from './lock';
import { sendOutbox, waiting } from './outbox';
import { bringPackets } from './packets';
import { keepSession } from './session';
import type { Identity } from './signed-request';
import { INCOMPLETE_ROW } from './snapshots';
import { succeed } from './successor';
import type { PhoneStatus } from './types';

const NOTHING = { sent: 0, received: 0, more: false, error: null };

export async function contactOnce(): Promise<ContactResult> {
  if (state.phase === 'locked') return contactShut();
  const own = state.phase === 'ready' ? here.host : null;
  const key = own && here.session ? await loadDeviceKey(own.store) : null;
  if (!own || own !== here.host || !here.session || !key) return { ...NOTHING, outcome: 'not_signed_in' };
  try {
    const { community, offset_ms } = await inOrder(() => own.ask<PhoneStatus>((phone) => phone.status()));
    const { language, module } = here;
    const by = { key, community: community?.code ?? '', clock: { offset_ms: offset_ms ?? 0 } };
    const line = { host: own, by, language, queued: inOrder, onPart };
    let result = await contact(line);
    // Shut, or somebody else's meanwhile: what is left of this one is sent beside theirs.
    if (own !== here.host) return { ...result, more: true };
    if (result.successor) result = await becomeAnother(line);
    const expired = result.outcome === 'not_signed_in';
    if (here.session && (result.outcome === 'answered' || expired) && here.session.expired !== expired) {
      here.session = { ...here.session, expired };
      await own.store.commit([keepSession(here.session)]);
    }
    const turned = result.outcome === 'answered' && result.more !== here.incomplete;
    if (turned) {
      here.incomplete = result.more;
      await own.store.commit([{ store: 'keys', key: INCOMPLETE_ROW, value: result.more || null }]);
    }
    await inOrder(() => own.trimOutbox());
    if (result.outcome === 'answered' && !result.more && module) await holders.sendLeft(module, language);
    // A colleague's come after this worker's own.
    if (result.outcome === 'answered' && !result.more) result = { ...result, ...(await bring(by)) };
    if (result.stopped === 'lost' && (await wiped(own, by))) return result;
    if (result.outcome === 'answered' && !result.more) await renewLease(own.store, by, language, inOrder);
    // An answer without news redraws no list.
    if (turned || result.sent + result.received > 0) await changed();
    else await tell();
    if (!result.more) await keepShown(own);
    return result;
  } catch (error) {
    const failure = asFailure(error);
    return { ...NOTHING, outcome: 'server_error', error: { ...failure, next: '' } };
  }
}

/** Nothing here can be read: what is sealed goes up, the lease comes back, or word that this phone was lost. */
async function contactShut(): Promise<ContactResult> {
  const { current: store, language } = here;
  const key = await loadDeviceKey(store);
  const { community } = await lockState(store);
  if (!key || !community) return { ...NOTHING, outcome: 'not_signed_in' };
  const by: Identity = { key, community, clock: { offset_ms: 0 } };
  const sent = await sendOutbox(store, by, language);
  const brought = sent.outcome === 'answered' ? await bring(by) : {};
  const leased = await renewLease(store, by, language, inOrder, 0);
  if (leased.outcome === 'stopped' && leased.stopped === 'lost') {
    // In one step: whoever opens it meanwhile comes before it, and is shut out again; or finds the key gone.
    const found = await inOrder(async () => {
      await throwKeyAway(store);
      if (here.host) return 'open';
      if ((await waiting(store)) > 0) return 'unsent';
      await store.wipe([WIPED]);
      return 'nothing';
    });
    // Once this contact has ended.
    if (found === 'open') void shut();
    if (found === 'nothing') {
      forgetWho();
      await enter();
    }
  }
  await tell();
  return { ...NOTHING, ...sent, ...brought };
}

/**
 * This phone was reported lost. What it had has gone up and is held there, packets it carries too; now everything
 * goes, the key with it. False: something has not gone up yet. What is shown of others is gone already.
 */
async function wiped(own: Host, by: Identity): Promise<boolean> {
  await bring(by);
  // In one step: what somebody records meanwhile comes before it, and is sent first, or after it.
  const gone = await inOrder(async () => {
    const { only_here } = await own.ask<PhoneStatus>((phone) => phone.status());
    if (only_here > 0) return false;
    await own.wipe([WIPED]);
    await own.open();
    return true;
  });
  if (!gone) return false;
  forgetWho();
  await changed();
  return true;
}

function forgetWho(): void {
  here.session = null;
  loop.stop();
  state.wiped = true;
}

/** The screens are drawn: now the next start is made quick. Where that fails it is slower, no more. */
function keepShown(own: Host): Promise<unknown> {
  const keep = () => own.change((phone) => ({ result: null, writes: phone.keep_shown() }));
  return inOrder(keep).catch(() => undefined);
}

async function bring(by: Identity): Promise<Partial<ContactResult>> {
  const offset_ms = state.phone?.offset_ms ?? null;
  const { outcome, error, wait_ms, changed } = await bringPackets(first, { by, language: here.language, offset_ms });
  if (changed > 0) post({ event: 'changed' });
  return outcome === 'answered' ? {} : { outcome, error, wait_ms };
}

/** The next contact is the new device's: it sends again what was not acknowledged to the old one. */
async function becomeAnother(line: Line): Promise<ContactResult> {
  const succession = await succeed(line, deviceName());
  if (succession.outcome === 'no_network' || succession.outcome === 'stranger') return { ...NOTHING, outcome: succession.outcome };
  if (succession.outcome !== 'succeeded') {
    return { ...NOTHING, outcome: succession.outcome, error: succession.error, wait_ms: succession.wait_ms };
  }
  await inOrder(() => line.host.renewOutbox());
  here.session = { expired: false };
  await changed();
  return { ...NOTHING, outcome: 'answered', more: true };
}

function onPart(): void {
  here.incomplete = true;
  void changed();
}
