// A thin stand-in for the wasm core, for tests of what surrounds it. Never part of the app:
// it keeps rows and counts them, and judges nothing.

import type { CoreRow, Store } from '../storage/store';
import { deviceKey } from './device-key';
import type { Identity } from './signed-request';
import type { Changed, CoreWrite, Phone, PhoneModule } from './phone';

const COMMUNITY = '410102002005';

export class FakePhone implements Phone {
  freed = false;
  readonly log: string[];

  constructor(rows: CoreRow[]) {
    this.log = rows.filter(([store]) => store === 'log').map(([, , value]) => String(value));
  }

  status(): string {
    return JSON.stringify({ only_here: this.log.length });
  }

  record(json: string): Changed {
    this.log.push(json);
    const seq = this.log.length;
    const write: CoreWrite = { store: 'log', key: String(seq).padStart(12, '0'), value: json };
    return { result: JSON.stringify({ ok: true, entry: `entry-${seq}`, seq }), writes: [write] };
  }

  today = (): string => '{"overdue":[],"due":[],"sweeps":[],"done":[]}';
  buildings = (): string => '[]';
  door = (): string => '{}';
  records = (): string => '[]';
  enrol = (): CoreWrite[] => [];
  notice_clock: Phone['notice_clock'] = () => [];
  check = (): string => '[]';
  edit = (json: string): Changed => this.record(json);
  correct = (entry: string, bodyJson: string): Changed => this.record(JSON.stringify({ supersedes: entry, body: bodyJson }));
  typed_id_number = (): string => '{"error":null,"birth_date":null,"sex":null,"key":null}';
  retract = (entry: string): Changed => this.record(JSON.stringify({ retracts: entry }));
  use_snapshots: Phone['use_snapshots'] = () => undefined;
  snapshots_wanted: Phone['snapshots_wanted'] = () => undefined;
  snapshot_length: Phone['snapshot_length'] = () => undefined;
  take_snapshot: Phone['take_snapshot'] = () => ({ result: '{"used":0,"received":0}', writes: [] });
  begin_packet: Phone['begin_packet'] = () => undefined;
  packet = (): Uint8Array => new Uint8Array([3]);
  begin_sync = () => ({ to_sign: [new Uint8Array([1])], writes: [] });
  request = (): Uint8Array => new Uint8Array([2]);
  request_header_length = (): number => 1;
  to_verify: Phone['to_verify'] = () => undefined;
  receive: Phone['receive'] = () => ({ result: '{"more":false,"sent":0,"received":0}', writes: [] });
  refused = (): CoreWrite[] => [];
  keep_shown: Phone['keep_shown'] = () => [];
  succeed: Phone['succeed'] = () => [];

  free(): void {
    this.freed = true;
  }
}

/** A point that something can be sealed to; nobody has its key. */
const SEALED_TO =
  '046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296' +
  '4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5';

/** One that knows its community, and brings what comes after an entry. */
export class KeepingPhone extends FakePhone {
  override status(): string {
    return JSON.stringify({ only_here: this.log.length, community: { code: COMMUNITY, name: '' } });
  }

  override begin_packet: Phone['begin_packet'] = (_now, after = 0) => {
    const last = this.log.length;
    if (last <= after) return undefined;
    return { result: JSON.stringify({ count: last - after, last, key: SEALED_TO }), to_sign: [new Uint8Array([1])], writes: [] };
  };
}

export const keepingModule: PhoneModule = { open: (rows) => new KeepingPhone(rows), kinds: () => '[]' };

/** Somebody enrolled, whose clock is the home's. */
export async function identity(store: Store): Promise<Identity> {
  return { key: await deviceKey(store), community: COMMUNITY, clock: { offset_ms: 0 } };
}

export function fakeModule(opened: FakePhone[] = []): PhoneModule {
  return {
    open(rows) {
      const phone = new FakePhone(rows);
      opened.push(phone);
      return phone;
    },
    kinds: () => '[]',
  };
}
