// Why a read or a write of the phone's own storage failed, in words the screens can act on.
// Browsers name the same accident differently; this is the one place that sorts them.

export type StorageCode =
  /** the phone has no room left */
  | 'full'
  /** the connection to the database died (WebKit does this after the background) */
  | 'lost'
  /** another window holds an older version of the database open */
  | 'blocked'
  /** the database was made by a newer Menpai than this window runs */
  | 'newer_version'
  /** another window has taken over writing */
  | 'not_writer'
  /** sealed, and the PIN has not opened it */
  | 'locked'
  /** private mode, lockdown, or anything else the browser does not explain */
  | 'unavailable';

export class StorageFailure extends Error {
  override readonly name = 'StorageFailure';
  constructor(
    readonly code: StorageCode,
    message: string = code,
  ) {
    super(message);
  }
}

const LOST = /connection .*(lost|closing|closed)|backing store|internal error|database .*clos/i;

export function asStorageFailure(error: unknown): StorageFailure {
  if (error instanceof StorageFailure) return error;
  const name = error instanceof Error || error instanceof DOMException ? error.name : '';
  const message = error instanceof Error || error instanceof DOMException ? error.message : String(error);
  return new StorageFailure(codeOf(name, message), `${name}: ${message}`);
}

function codeOf(name: string, message: string): StorageCode {
  if (name === 'QuotaExceededError' || /quota|disk.*full|no space/i.test(message)) return 'full';
  if (name === 'VersionError') return 'newer_version';
  // InvalidStateError is what a dead handle says when asked for a transaction.
  if (name === 'InvalidStateError' || LOST.test(message)) return 'lost';
  return 'unavailable';
}
