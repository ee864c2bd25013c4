// Parts come whole, each kept as soon as it is; a broken download goes on, and nothing is tried twice that failed.

import 'fake-indexeddb/auto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Store } from '../storage/store';
import { newVault } from '../storage/vault.test-helper';
import { FakePhone, identity } from './fake-phone.test-helper';
import { Host } from './host';
import { allowSnapshots, type FetchLine, fetchSnapshots, INCOMPLETE_ROW } from './snapshots';

/** Its snapshots are 4 bytes long; one that begins with 9 does not fit. */
class SnapshotPhone extends FakePhone {
  taken: number[] = [];
  lines = false;
  override use_snapshots = (useThem: boolean): void => void (this.lines = !useThem);
  override snapshots_wanted = (): string | undefined => (this.lines ? undefined : '["g/open","g/care"]');
  override snapshot_length = (): number | undefined => 4;
  override take_snapshot = (body: Uint8Array) => {
    const first = body[0] ?? 0;
    if (first === 9) throw Object.assign(new Error('the digest differs'), { name: 'SnapshotError' });
    this.taken.push(first);
    return { result: '{"used":4,"received":1}', writes: [] };
  };
}

let store: Store;
let phone: SnapshotPhone;
let line: FetchLine;
let parts: number;
let count = 0;

beforeEach(async () => {
  store = new Store(`snapshots-test-${(count += 1)}`);
  await store.becomeWriter();
  store.vault = await newVault();
  phone = new SnapshotPhone([]);
  const host = new Host({ open: () => phone, kinds: () => '[]' }, store);
  await host.open();
  parts = 0;
  line = { host, by: await identity(store), language: 'zh', queued: (job) => job(), onPart: () => void (parts += 1) };
});

afterEach(() => void vi.unstubAllGlobals());

const ONE = [1, 0, 0, 0];
const TWO = [2, 0, 0, 0];
const BAD = [9, 0, 0, 0];

/** A body that comes in pieces and, if it is cut, breaks after them. */
function body(pieces: number[][], { status = 200, tag = '"a.b"', cut = false } = {}): Response {
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const piece = pieces.shift();
      if (piece) controller.enqueue(new Uint8Array(piece));
      else if (cut) controller.error(new TypeError('network error'));
      else controller.close();
    },
  });
  return new Response(stream, { status, headers: { 'Content-Type': 'application/gzip', ETag: tag } });
}

function answers(...responses: (Response | Error)[]): ReturnType<typeof vi.fn> {
  const fetched = vi.fn();
  for (const response of responses) {
    if (response instanceof Error) fetched.mockRejectedValueOnce(response);
    else fetched.mockResolvedValueOnce(response);
  }
  vi.stubGlobal('fetch', fetched);
  return fetched;
}

const headersOf = (fetched: ReturnType<typeof vi.fn>, call: number) =>
  (fetched.mock.calls[call]?.[1] as { headers: Record<string, string> }).headers;

describe('what comes whole', () => {
  it('is taken part by part, however the bytes arrive', async () => {
    const fetched = answers(body([[1, 0], [0, 0, 2], [0, 0], [0]]));
    expect(await fetchSnapshots(line)).toEqual({ outcome: 'ready', received: 2 });
    expect(fetched.mock.calls[0]?.[0]).toBe('/api/v1/snapshots?leave_out=overtaken&parts=g%2Fopen%2Cg%2Fcare');
    expect(phone.taken).toEqual([1, 2]);
    expect(parts).toBe(3);
    expect(await store.get('keys', INCOMPLETE_ROW)).toBe(true);
  });

  it('goes on where the connection broke, with the same tag', async () => {
    const fetched = answers(body([ONE, [2, 0]], { cut: true }), new TypeError('no network'), body([[0, 0]], { status: 206 }));
    expect(await fetchSnapshots(line)).toEqual({ outcome: 'ready', received: 2 });
    expect(headersOf(fetched, 1)).toMatchObject({ Range: 'bytes=6-', 'If-Range': '"a.b"' });
    expect(headersOf(fetched, 2)).toMatchObject({ Range: 'bytes=6-', 'If-Range': '"a.b"' });
    expect(phone.taken).toEqual([1, 2]);
  });

  it('begins anew when the server has other snapshots by now', async () => {
    answers(body([ONE, [2, 0]], { cut: true }), body([ONE, TWO], { tag: '"c.d"' }));
    expect(await fetchSnapshots(line)).toMatchObject({ outcome: 'ready' });
    expect(phone.taken).toEqual([1, 1, 2]);
  });

  it('is no network after too many breaks without a byte, and keeps what was whole', async () => {
    answers(body([ONE], { cut: true }), new TypeError(), new TypeError(), new TypeError());
    expect(await fetchSnapshots(line)).toEqual({ outcome: 'no_network', received: 1 });
    expect(phone.taken).toEqual([1]);
  });
});

describe('a screen', () => {
  it('hears that parts are on their way before the first of them is here', async () => {
    answers(new TypeError(), new TypeError(), new TypeError());
    expect(await fetchSnapshots(line)).toEqual({ outcome: 'no_network', received: 0 });
    expect(parts).toBe(1);
    expect(await store.get('keys', INCOMPLETE_ROW)).toBe(true);
  });
});

describe('what does not fit', () => {
  it('comes as lines until an answer was whole', async () => {
    const fetched = answers(body([BAD, TWO]), body([ONE]));
    expect(await fetchSnapshots(line)).toEqual({ outcome: 'ready', received: 0 });
    expect(phone.lines).toBe(true);
    expect(await fetchSnapshots(line)).toEqual({ outcome: 'ready', received: 0 });
    expect(fetched).toHaveBeenCalledTimes(1);
    await allowSnapshots(line.host);
    expect(await fetchSnapshots(line)).toEqual({ outcome: 'ready', received: 1 });
  });

  it('and kills the worker is not read again by the next one', async () => {
    phone.take_snapshot = () => { throw new WebAssembly.RuntimeError('unreachable'); };
    answers(body([ONE]));
    await expect(fetchSnapshots(line)).rejects.toThrow();
    const next = new SnapshotPhone([]);
    const host = new Host({ open: () => next, kinds: () => '[]' }, store);
    await host.open();
    expect(await fetchSnapshots({ ...line, host })).toEqual({ outcome: 'ready', received: 0 });
    expect(next.lines).toBe(true);
  });

  it('is not asked of a server that has none', async () => {
    const error = JSON.stringify({ code: 'not_found', message: 'm', next: 'n' });
    answers(new Response(error, { status: 404, headers: { 'Content-Type': 'application/json' } }));
    expect(await fetchSnapshots(line)).toEqual({ outcome: 'ready', received: 0 });
    expect(phone.lines).toBe(true);
  });

  it('says that the server does not know the phone', async () => {
    const error = { code: 'not_signed_in', message: '请重新登录', next: '输入密码' };
    answers(new Response(JSON.stringify(error), { status: 401, headers: { 'Content-Type': 'application/json' } }));
    expect(await fetchSnapshots(line)).toMatchObject({ outcome: 'not_signed_in', error });
  });
});
