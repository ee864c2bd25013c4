// One contact: unsent work goes first, what comes back is believed only by the Phone that asked, and no answer
// loses anything.

import 'fake-indexeddb/auto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Store } from '../storage/store';
import { newVault } from '../storage/vault.test-helper';
import { contact, type Line } from './contact';
import { fakeModule, type FakePhone, identity } from './fake-phone.test-helper';
import { Host } from './host';
import { Queue } from './queue';
import { CURVE, sign, type ToVerify } from './signature';

let store: Store;
let host: Host;
let line: Line;
let phones: FakePhone[];
let count = 0;

beforeEach(async () => {
  store = new Store(`contact-test-${(count += 1)}`);
  await store.becomeWriter();
  store.vault = await newVault();
  phones = [];
  host = new Host(fakeModule(phones), store);
  await host.open();
  const queue = new Queue();
  line = { host, by: await identity(store), language: 'zh', queued: (job) => queue.run(job), onPart: () => undefined };
});

afterEach(() => void vi.unstubAllGlobals());

const gzip = () => new Response(new Uint8Array([0x1f, 0x8b, 8]), { headers: { 'Content-Type': 'application/gzip' } });

describe('a contact', () => {
  it('signs what it sends, slices and request, and takes the answer', async () => {
    const fetched = vi.fn().mockResolvedValue(gzip());
    vi.stubGlobal('fetch', fetched);
    const signed = vi.spyOn(phones[0]!, 'request');
    expect(await contact(line)).toMatchObject({ outcome: 'answered', more: false });
    expect(signed.mock.calls[0]?.at(0)).toMatchObject([{ length: 64 }]);
    expect(fetched.mock.calls[0]?.[1].headers).toMatchObject({ Authorization: expect.stringMatching(/^Menpai /), 'Content-Type': 'application/gzip' });
  });

  it('hears that the office has stopped this phone, once all of it has gone up', async () => {
    const said = (word: string) => new Response(new Uint8Array([0x1f, 0x8b, 8]), { headers: { 'Content-Type': 'application/gzip', 'Menpai-Phone': word } });
    const answers = [said('lost'), said('lost'), said('anything')];
    vi.stubGlobal('fetch', vi.fn().mockImplementation(async () => answers.shift()));
    const receive = vi.spyOn(phones[0]!, 'receive').mockReturnValueOnce({ result: '{"more":true,"sent":1,"received":0}', writes: [] });
    expect(await contact(line)).toMatchObject({ outcome: 'answered', more: true });
    expect(await contact(line)).toMatchObject({ outcome: 'not_signed_in', stopped: 'lost', error: { code: 'device_stopped' } });
    expect(receive).toHaveBeenCalledTimes(2);
    expect(await contact(line)).toMatchObject({ outcome: 'answered' });
  });

  describe('with a receipt', () => {
    const text = (words: string) => new TextEncoder().encode(words);

    async function receiptOver(words: string): Promise<ToVerify> {
      const pair = await crypto.subtle.generateKey(CURVE, false, ['sign', 'verify']);
      const key = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey));
      const signature = await sign(pair.privateKey, text('receipt'));
      return { public_key: () => key, message: () => text(words), signature: () => signature, free: vi.fn() };
    }

    it('tells the core that its signature fits, or nothing', async () => {
      vi.stubGlobal('fetch', vi.fn().mockImplementation(async () => gzip()));
      const receive = vi.spyOn(phones[0]!, 'receive');
      const [genuine, forged] = [await receiptOver('receipt'), await receiptOver('forged')];
      phones[0]!.to_verify = () => genuine;
      await contact(line);
      expect(receive.mock.calls[0]?.[1]).toBe(genuine);
      expect(genuine.free).not.toHaveBeenCalled();
      phones[0]!.to_verify = () => forged;
      await contact(line);
      expect(receive.mock.calls[1]?.[1]).toBeUndefined();
      expect(forged.free).toHaveBeenCalledOnce();
    });
  });

  it('lets recording go on while it waits', async () => {
    let answer: (response: Response) => void = () => undefined;
    const fetched = vi.fn().mockReturnValue(new Promise<Response>((resolve) => (answer = resolve)));
    vi.stubGlobal('fetch', fetched);
    const round = contact(line);
    await vi.waitFor(() => expect(fetched).toHaveBeenCalled());
    await line.queued(() => host.change((phone) => phone.record('"x"', '', new Uint8Array())));
    expect(phones[0]!.log).toEqual(['"x"']);
    answer(gzip());
    expect(await round).toMatchObject({ outcome: 'answered' });
  });

  it('leaves an answer alone that an older Phone had asked for, and asks again', async () => {
    vi.stubGlobal('fetch', vi.fn().mockImplementation(async () => {
      vi.spyOn(store, 'commit').mockRejectedValueOnce(new Error('full'));
      await host.change((phone) => phone.record('"x"', '', new Uint8Array())).catch(() => undefined);
      return gzip();
    }));
    // The fake's own answer would say that there is no more.
    expect(await contact(line)).toMatchObject({ received: 0, more: true });
    expect(phones).toHaveLength(2);
  });

  it('takes what came before the connection broke, and goes on at once only if that was something', async () => {
    const broken = (): Response => {
      let given = false;
      const stream = new ReadableStream<Uint8Array>({
        pull(controller) {
          if (given) controller.error(new TypeError('network error'));
          else controller.enqueue(new Uint8Array([0x1f, 0x8b, 8]));
          given = true;
        },
      });
      return new Response(stream, { headers: { 'Content-Type': 'application/gzip' } });
    };
    vi.stubGlobal('fetch', vi.fn().mockImplementation(async () => broken()));
    const received = (sent: number) => () => ({ result: JSON.stringify({ more: true, sent, received: 0 }), writes: [] });
    phones[0]!.receive = received(3);
    expect(await contact(line)).toMatchObject({ outcome: 'answered', sent: 3, more: true });
    phones[0]!.receive = received(0);
    expect(await contact(line)).toMatchObject({ outcome: 'no_network' });
    phones[0]!.receive = () => { throw Object.assign(new Error('cut'), { name: 'ReceiveError' }); };
    expect(await contact(line)).toMatchObject({ outcome: 'no_network' });
  });

  it('never takes a stranger for the server', async () => {
    const refused = vi.spyOn(phones[0]!, 'refused');
    vi.stubGlobal('fetch', vi.fn().mockImplementation(async () => new Response('<html>', { status: 401, headers: { 'Content-Type': 'text/html' } })));
    expect(await contact(line)).toMatchObject({ outcome: 'stranger' });
    expect(refused).not.toHaveBeenCalled();
  });

  it('tells the core what the server refused', async () => {
    const refused = vi.spyOn(phones[0]!, 'refused');
    const error = { code: 'not_signed_in', message: '请重新登录', next: '输入密码' };
    const response = new Response(JSON.stringify(error), { status: 401, headers: { 'Content-Type': 'application/json' } });
    vi.stubGlobal('fetch', vi.fn().mockResolvedValue(response));
    expect(await contact(line)).toMatchObject({ outcome: 'not_signed_in', error });
    expect(refused).toHaveBeenCalledWith(JSON.stringify(error), expect.any(String));
  });

  it('says for how long the server does not want to be asked', async () => {
    const error = { code: 'busy', message: '服务器现在很忙。', next: '' };
    const headers = { 'Content-Type': 'application/json', 'Retry-After': '7' };
    vi.stubGlobal('fetch', vi.fn().mockImplementation(async () => new Response(JSON.stringify(error), { status: 503, headers })));
    expect(await contact(line)).toMatchObject({ outcome: 'server_error', error, wait_ms: 7_000 });
    phones[0]!.snapshots_wanted = () => '[]';
    const result = await contact(line);
    expect(result, 'a part that must wait is no part that cannot be had').toMatchObject({ outcome: 'server_error', wait_ms: 7_000 });
    expect(await store.get('keys', 'lines_only')).toBeUndefined();
  });

  describe('with parts to fetch', () => {
    const asks = (fetched: ReturnType<typeof vi.fn>) => fetched.mock.calls.map(([path]) => String(path));
    beforeEach(() => void (phones[0]!.snapshots_wanted = () => '[]'));

    it('fetches them first while nothing is unsent: then one request brings the rest', async () => {
      const fetched = vi.fn().mockImplementation(async () => gzip());
      vi.stubGlobal('fetch', fetched);
      expect(await contact(line)).toMatchObject({ outcome: 'answered' });
      expect(asks(fetched)).toEqual(['/api/v1/snapshots?leave_out=overtaken', '/api/v1/sync']);
    });

    it('sends first what only this phone has, and says so when the download breaks', async () => {
      await line.queued(() => host.change((phone) => phone.record('"x"', '', new Uint8Array())));
      phones[0]!.receive = () => ({ result: '{"more":true,"sent":1,"received":0}', writes: [] });
      const fetched = vi.fn().mockRejectedValue(new TypeError('no network')).mockImplementationOnce(async () => gzip());
      vi.stubGlobal('fetch', fetched);
      expect(await contact(line)).toMatchObject({ outcome: 'no_network', sent: 1 });
      expect(new Set(asks(fetched).slice(1))).toEqual(new Set(['/api/v1/snapshots?leave_out=overtaken']));
      expect(asks(fetched)[0]).toBe('/api/v1/sync');
    });
  });
});
