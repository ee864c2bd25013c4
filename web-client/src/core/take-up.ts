// Taking an invitation up: on which database somebody comes, and, once the office has compared the digits, the one step
// after which this phone is theirs. Nothing of what was not sent changes by it.

import type { Write } from '../storage/store';
import type { EnrolResult } from './calls';
import { asDevice, replaceDeviceKey } from './device-key';
import { type Coming, type Enrolled, type Place, askIn, come } from './enrolment';
import { enter } from './gate';
import { here, holders, hostOf, inOrder, loop, state, WIPED_ROW } from './here';
import { forgetLease, lockState, provisional, throwKeyAway } from './lock';
import { waiting } from './outbox';
import { keepSession, type Session } from './session';
import type { PhoneStatus } from './types';

/** waits until somebody at the office has compared its digits */
let coming: Coming | null = null;

export async function enrol(code: string): Promise<EnrolResult> {
  const { host, current, language } = here;
  const worker = host ? (await inOrder(() => host.ask<PhoneStatus>((phone) => phone.status()))).worker?.id ?? null : holders.current();
  const placeOf = async (invited: string): Promise<Place> => {
    const place = await holders.storeFor(invited, current, worker);
    const { standing } = await lockState(place.store);
    return { ...place, gone: standing === 'gone', shut: place.store.vault === null && ['pin', 'lease'].includes(standing) };
  };
  const came = await come(code, language, placeOf, () => holders.another());
  if ('outcome' in came) return came;
  coming = came;
  return askHowItStands();
}

export async function askHowItStands(): Promise<EnrolResult> {
  const came = coming;
  if (!came) return { outcome: 'no_network' };
  const stands = await askIn(came, here.language);
  if (stands === null) return { outcome: 'compare', worker: came.worker.name, digits: came.digits };
  if (!('outcome' in stands)) await takeUp(came, stands);
  coming = null;
  return 'outcome' in stands ? stands : { outcome: 'enrolled' };
}

/**
 * In one transaction this phone is the worker's: nothing of what it has not sent changes. On a phone that knew nobody
 * everything is sealed from the first; what somebody else left shut stays so until they type their PIN.
 */
async function takeUp({ place, leaves, key, name, replaces, worker }: Coming, { enrolment, community }: Enrolled): Promise<void> {
  const fresh: Session = { expired: false };
  const isCurrent = place.store === here.current;
  // Whose records are shut now may be in the middle of a contact.
  if (!isCurrent) await loop.idle();
  await inOrder(async () => {
    const { host: before, current } = here;
    const only_here = before ? (await before.ask<PhoneStatus>((phone) => phone.status())).only_here : await waiting(current);
    const enrolled: Write[] = [keepSession(fresh), { store: 'keys', key: WIPED_ROW, value: null }];
    let own = null;
    if (place.shut) {
      await place.store.commit(enrolled);
    } else {
      const { vault, writes: lock } = await provisional(community);
      const isNew = (await lockState(place.store)).standing === 'none' && !(await place.store.hasData());
      if (isNew) place.store.vault = vault;
      own = isCurrent && before ? before : await hostOf(place.store);
      const succeeds = replaces === null || leaves ? null : JSON.stringify({ ...asDevice(key), name });
      const taking = own.change(
        (phone) => {
          const before = succeeds === null ? [] : phone.succeed(succeeds);
          return { result: null, writes: [...before, ...phone.enrol(enrolment)] };
        },
        () => [...(succeeds === null ? [] : replaceDeviceKey(key)), ...enrolled, ...(isNew ? lock : [])],
      );
      await taking.catch((error: unknown) => {
        // No row has this key.
        if (isNew) place.store.vault = null;
        throw error;
      });
      await own.renewOutbox();
    }
    await holders.handOver(place.database, worker.id, only_here);
    // What was kept there can be read by nobody; the outbox stays.
    if (leaves) {
      await throwKeyAway(leaves);
      await leaves.clear();
    }
    if (!isCurrent) {
      before?.close();
      current.vault = null;
      // Who comes back is enrolled again, and gets it again.
      await forgetLease(current);
    }
    here.host = own;
    here.current = place.store;
    here.session = fresh;
    state.wiped = false;
  });
  await enter();
}
