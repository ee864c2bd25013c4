// What keeps this phone's records shut (docs/adr/0028): their key lies here wrapped twice, inside by the PIN and a
// secret of this browser, outside by the lease that the server gives. Five wrong PINs, or a PIN forgotten, and it is
// gone for good; a lease that ran out takes the outer one away until the server gives it again. Nothing unsent
// depends on it: that is sealed for the server besides (outbox.ts).

import type { Store, Write } from '../storage/store';
import { Vault } from '../storage/vault';
import { derived, keyOf, newSalted, type Salted } from './pin';

const LOCK_ROW = 'lock';
const LEASE_ROW = 'lease';
export const MOST_TRIES = 5;
/** How long to wait after so many wrong tries: a finder's patience, not a laboratory's. */
const LONGEST_WAIT_MS = 300_000;
const WAIT_MS = [0, 0, 0, 60_000, LONGEST_WAIT_MS];
/** A clock may be set by so much without anybody meaning anything by it. */
const CLOCK_PLAY_MS = 10 * 60_000;

interface LockRow extends Salted {
  community: string;
  /** of a phone on which nobody has chosen a PIN yet; there is nothing on it but whose it is */
  open: CryptoKey | null;
  /** the key of the records; null: it is gone */
  wrapped: Uint8Array<ArrayBuffer> | null;
  /** the lease is around it */
  leased: boolean;
  wrong: number;
  /** this phone's clock */
  wait_until: number;
}

interface LeaseRow {
  lease: Uint8Array<ArrayBuffer>;
  /** this phone's clock and the home's as it came */
  at: number;
  home_at: number;
  hours: number;
}

export interface Lease {
  lease: Uint8Array<ArrayBuffer>;
  home_at: number;
  hours: number;
}

/** `none`: there is nothing to open yet. `lease`: only a contact with the server opens it again. */
export type Standing = 'none' | 'no_pin' | 'pin' | 'lease' | 'gone';

export interface LockState {
  standing: Standing;
  tries_left: number;
  /** this phone's clock; 0: now */
  wait_until: number;
  community: string | null;
}

export type Opening = { outcome: 'opened'; vault: Vault } | { outcome: 'wrong' | 'wait' | 'lease' | 'gone' };

export async function lockState(store: Store, now = Date.now()): Promise<LockState> {
  const row = await read(store);
  const lease = await store.get<LeaseRow>('keys', LEASE_ROW);
  if (!row) return { standing: 'none', tries_left: MOST_TRIES, wait_until: 0, community: null };
  const shut = row.leased && (!lease || isOver(lease, now)) ? 'lease' : 'pin';
  return {
    standing: row.open ? 'no_pin' : row.wrapped ? shut : 'gone',
    tries_left: MOST_TRIES - row.wrong,
    // Longer than it ever was: the clock was set back.
    wait_until: row.wait_until > now && row.wait_until - now <= LONGEST_WAIT_MS ? row.wait_until : 0,
    community: row.community,
  };
}

/** For a phone that has just been enrolled: its records are sealed from the first, and the PIN is chosen next. */
export async function provisional(community: string): Promise<{ vault: Vault; writes: Write[] }> {
  const open = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
  return { vault: new Vault(open), writes: [lockWrite({ ...(await fresh(community)), open })] };
}

/** The vault of a phone on which nobody has chosen a PIN yet. */
export async function provisionalVault(store: Store): Promise<Vault | null> {
  const open = (await read(store))?.open;
  return open ? new Vault(open) : null;
}

/** From now on this PIN opens it; everything on it is sealed with another key, in one transaction. */
export async function choosePin(store: Store, community: string, pin: string): Promise<void> {
  const row = await fresh(community);
  const raw = crypto.getRandomValues(new Uint8Array(32));
  row.wrapped = await wrap(await keyOf(pin, row), raw);
  await store.sealWith(await Vault.of(raw), [lockWrite(row), { store: 'keys', key: LEASE_ROW, value: null }]);
}

export async function openWith(store: Store, pin: string, now = Date.now()): Promise<Opening> {
  const opened = await tried(store, pin, now);
  return 'raw' in opened ? { outcome: 'opened', vault: await Vault.of(opened.raw) } : opened;
}

export async function changePin(store: Store, old: string, pin: string, now = Date.now()): Promise<Opening['outcome']> {
  const opened = await tried(store, old, now);
  if (!('raw' in opened)) return opened.outcome;
  const row: LockRow = { ...opened.row, ...(await newSalted()) };
  row.wrapped = await outside(await wrap(await keyOf(pin, row), opened.raw), row, opened.lease);
  await store.commit([lockWrite(row)]);
  return 'opened';
}

/** The key goes: what is on this phone cannot be read any more, by anybody. */
export async function throwKeyAway(store: Store): Promise<void> {
  const row = await read(store);
  if (!row) return;
  await store.commit([lockWrite({ ...row, wrapped: null, open: null }), { store: 'keys', key: LEASE_ROW, value: null }]);
}

/** The lock of a database that nothing but its outbox is left in. */
export async function goneLock(community: string): Promise<Write> {
  return lockWrite(await fresh(community));
}

/** A lease that has run out is forgotten. */
export async function forgetLeaseIfOver(store: Store, now = Date.now()): Promise<void> {
  const lease = await store.get<LeaseRow>('keys', LEASE_ROW);
  if (lease && isOver(lease, now)) await forgetLease(store);
}

/** From now on only a contact opens it again. */
export async function forgetLease(store: Store): Promise<void> {
  await store.commit([{ store: 'keys', key: LEASE_ROW, value: null }]);
}

/** When it last came, this phone's clock; null: it has none. */
export async function leaseCame(store: Store): Promise<number | null> {
  return (await store.get<LeaseRow>('keys', LEASE_ROW))?.at ?? null;
}

/** The server gave it, for the first time, again, or another one. */
export async function takeLease(store: Store, { lease, home_at, hours }: Lease, now = Date.now()): Promise<void> {
  const row = await read(store);
  if (!row?.wrapped) return;
  const before = await store.get<LeaseRow>('keys', LEASE_ROW);
  const kept: Write = { store: 'keys', key: LEASE_ROW, value: { lease, at: now, home_at, hours } satisfies LeaseRow };
  if (row.leased && (!before || same(before.lease, lease))) return store.commit([kept]);
  // Another than the one that is around it: this phone has become another device.
  const inside = before && row.leased ? await unwrap(await derived(before.lease, 'menpai-lease-1'), row.wrapped) : row.wrapped;
  // It was not that one either: perhaps this one is.
  if (!inside) return store.commit([kept]);
  const wrapped = await outside(inside, { leased: true }, lease);
  await store.commit([lockWrite({ ...row, wrapped, leased: true }), kept]);
}

async function tried(store: Store, pin: string, now: number): Promise<{ raw: Uint8Array<ArrayBuffer>; row: LockRow; lease: Uint8Array<ArrayBuffer> | null } | { outcome: 'wrong' | 'wait' | 'lease' | 'gone' }> {
  const { standing, wait_until } = await lockState(store, now);
  const row = await read(store);
  if (!row?.wrapped || standing === 'gone') return { outcome: 'gone' };
  if (standing === 'lease') return { outcome: 'lease' };
  if (wait_until > 0) return { outcome: 'wait' };
  const lease = row.leased ? ((await store.get<LeaseRow>('keys', LEASE_ROW))?.lease ?? null) : null;
  const inside = lease ? await unwrap(await derived(lease, 'menpai-lease-1'), row.wrapped) : row.wrapped;
  // Not this one: only the server can help.
  if (!inside) return { outcome: 'lease' };
  // Counted before it is tried, so that nobody gets a try by pulling the battery.
  const wrong = row.wrong + 1;
  await store.commit([lockWrite({ ...row, wrong, wait_until: now + (WAIT_MS[wrong] ?? 0) })]);
  const raw = await unwrap(await keyOf(pin, row), inside);
  if (raw) {
    const right: LockRow = { ...row, wrong: 0, wait_until: 0 };
    await store.commit([lockWrite(right)]);
    return { raw, row: right, lease };
  }
  if (wrong < MOST_TRIES) return { outcome: 'wrong' };
  await throwKeyAway(store);
  return { outcome: 'gone' };
}

/**
 * Too long ago; or this phone's clock stands before what both clocks showed when it came: somebody has set it back.
 * One of the two alone may have been wrong then.
 */
function isOver({ at, home_at, hours }: LeaseRow, now: number): boolean {
  return now - at > hours * 3_600_000 || now < Math.min(at, home_at) - CLOCK_PLAY_MS;
}

function read(store: Store): Promise<LockRow | undefined> {
  return store.get<LockRow>('keys', LOCK_ROW);
}

async function fresh(community: string): Promise<LockRow> {
  return { ...(await newSalted()), community, open: null, wrapped: null, leased: false, wrong: 0, wait_until: 0 };
}

function lockWrite(row: LockRow): Write {
  return { store: 'keys', key: LOCK_ROW, value: row };
}

async function outside(inside: Uint8Array<ArrayBuffer>, { leased }: { leased: boolean }, lease: Uint8Array<ArrayBuffer> | null): Promise<Uint8Array<ArrayBuffer>> {
  return leased && lease ? wrap(await derived(lease, 'menpai-lease-1'), inside) : inside;
}

async function wrap(key: CryptoKey, raw: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const sealed = new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, raw));
  const both = new Uint8Array(iv.length + sealed.length);
  both.set(iv);
  both.set(sealed, iv.length);
  return both;
}

/** Null: not with this key. */
async function unwrap(key: CryptoKey, wrapped: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer> | null> {
  const opened = crypto.subtle.decrypt({ name: 'AES-GCM', iv: wrapped.subarray(0, 12) }, key, wrapped.subarray(12));
  return opened.then((raw) => new Uint8Array(raw)).catch(() => null);
}

function same(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}
