// A packet is what the server opens: sealed here, opened with the same suite as RFC 9180 says it; and whatever
// else somebody calls a packet is none.

import { webcrypto } from 'node:crypto';
import { Aes128Gcm, CipherSuite, DhkemP256HkdfSha256, HkdfSha256 } from '@hpke/core';
import { describe, expect, it } from 'vitest';
import { fromBase45, toBase45 } from './base45';
import { CodeCollector, codesOf, MOST_CODES } from './codes';
import { asText, clearLine, fromText, shortHash } from './packet';
import { seal, sealNumber } from './seal';

const device = '0f0e0d0c-0b0a-4908-8706-050403020100';
const about = { community: '410102002005', device, count: 3, clock: '2026-11-24T17:30:00.000+08:00' };
const suite = new CipherSuite({ kem: new DhkemP256HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes128Gcm() });
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

async function sealed(bytes: Uint8Array = new TextEncoder().encode('entries')) {
  const pair = await suite.kem.generateKeyPair();
  const key = hex(new Uint8Array(await webcrypto.subtle.exportKey('raw', pair.publicKey)));
  return { pair, key, packet: await seal({ bytes, key, ...about }) };
}

function random(length: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(length));
}

describe('a packet', () => {
  it('is opened with the key that it names, bound to its line in clear', async () => {
    const { pair, key, packet } = await sealed();
    const clear = clearLine(packet)!;
    expect(clear).toEqual({ menpai_packet: 1, ...about, key: await shortHash(Buffer.from(key, 'hex')) });
    const end = packet.indexOf(0x0a);
    const [line, enc, text] = [packet.subarray(0, end), packet.subarray(end + 1, end + 66), packet.subarray(end + 66)];
    const info = Buffer.concat([Buffer.from(`menpai-packet-1\0${about.community}`), Buffer.from(device.replaceAll('-', ''), 'hex'), Buffer.from(clear.key, 'hex')]);
    const open = async (aad: Uint8Array) => {
      const recipient = await suite.createRecipientContext({ recipientKey: pair.privateKey, enc: new Uint8Array(enc).buffer, info: new Uint8Array(info).buffer });
      return recipient.open(new Uint8Array(text).buffer, new Uint8Array(aad).buffer);
    };
    expect(new TextDecoder().decode(await open(line))).toBe('entries');
    await expect(open(line.map((byte) => byte ^ 1))).rejects.toThrow();
    expect(Buffer.from(packet).includes('entries')).toBe(false);
  });

  it('has a sister: a number that opens for its person and community only', async () => {
    const { pair, key } = await sealed();
    const person = '5f0c3e52-7d1a-8c44-9b1e-000000000021';
    const text = await sealNumber('990001194305020023', key, about.community, person);
    expect(text).toMatch(/^[A-Za-z0-9+/]{132}$/);
    const bytes = new Uint8Array(Buffer.from(text, 'base64'));
    const open = async (whose: string) => {
      const info = Buffer.concat([Buffer.from(`menpai-id-number-1\0${about.community}`), Buffer.from(whose.replaceAll('-', ''), 'hex')]);
      const recipient = await suite.createRecipientContext({ recipientKey: pair.privateKey, enc: bytes.slice(0, 65).buffer, info: new Uint8Array(info).buffer });
      return new TextDecoder().decode(await recipient.open(bytes.slice(65).buffer));
    };
    expect(await open(person)).toBe('990001194305020023');
    await expect(open(person.replace('021', '022'))).rejects.toThrow();
  });

  it('passes as a text, also where a messenger broke its lines', async () => {
    const { packet } = await sealed(random(3_000));
    const text = asText(packet);
    expect(fromText(text)).toEqual(packet);
    const [line = '', rest = ''] = text.split('\n');
    expect(fromText(`\ufeff${line}\r\n${rest.replace(/(.{76})/g, '$1\r\n')}\r\n\r\n`)).toEqual(packet);
  });

  it('is not what is damaged, cut, or something else', async () => {
    const { packet } = await sealed();
    const text = asText(packet);
    for (const other of ['', '\n', 'hello', '{"menpai_packet":1}\nAAAA', text.replace('"menpai_packet":1', '"menpai_packet":2'), text.replace('"count":3', '"count":-3'), text.slice(0, 200), `${text}*`]) {
      expect([other, fromText(other)]).toEqual([other, null]);
    }
    for (let round = 0; round < 2_000; round += 1) {
      const thrown = packet.slice(0, Math.random() < 0.5 ? packet.length : Math.floor(Math.random() * packet.length));
      for (let flips = 0; flips < 4; flips += 1) thrown[Math.floor(Math.random() * thrown.length)] = Math.floor(Math.random() * 256);
      const clear = clearLine(thrown);
      if (clear) expect(clear.count).toBeGreaterThan(0);
      fromText(new TextDecoder('latin1').decode(thrown));
    }
  });
});

describe('base 45', () => {
  it('says what the RFC says', () => {
    const text = (words: string) => new TextEncoder().encode(words);
    for (const [words, letters] of [['AB', 'BB8'], ['Hello!!', '%69 VD92EX0'], ['base-45', 'UJCLQE7W581'], ['ietf!', 'QED8WEX0']] as const) {
      expect(toBase45(text(words))).toBe(letters);
      expect(fromBase45(letters)).toEqual(text(words));
    }
    for (const wrong of ['A', 'GGW1', ':::', '::', 'aa']) expect([wrong, fromBase45(wrong)]).toEqual([wrong, null]);
  });
});

describe('a series of codes', () => {
  it('is read in any order, and any number of times', async () => {
    const packet = random(5_437);
    const codes = (await codesOf(packet))!;
    expect(codes).toHaveLength(10);
    expect(codes.every((code) => /^[0-9A-Z $%*+./:-]+$/.test(code) && code.length < 940)).toBe(true);
    const collector = new CodeCollector();
    const order = [...codes.keys(), ...codes.keys()].sort(() => Math.random() - 0.5);
    let whole: Uint8Array | null = null;
    for (const index of order) whole = (await collector.add(codes[index]!))?.packet ?? whole;
    expect(whole).toEqual(packet);
  });

  it('begins anew with another series, and takes nothing that is not a code of ours', async () => {
    const [one, other] = [(await codesOf(random(1_300)))!, (await codesOf(random(900)))!];
    const collector = new CodeCollector();
    expect(await collector.add(one[0]!)).toEqual({ have: 1, of: 3, packet: null });
    expect(await collector.add(other[1]!)).toEqual({ have: 1, of: 2, packet: null });
    for (const text of ['https://example.org', 'MENPAI:1/', one[0]!.replace('/1/3/', '/4/3/'), one[0]!.replace('/1/3/', '/0/3/'), one[0]!.replace('/3/', '/99/'), `${one[0]!}a`]) {
      expect(await collector.add(text)).toBeNull();
    }
    expect((await collector.add(other[0]!))?.packet).not.toBeNull();
  });

  it('that was misread gives nothing, and goes on', async () => {
    const packet = random(900);
    const codes = (await codesOf(packet))!;
    const collector = new CodeCollector();
    const misread = codes[1]!.replace(/.{3}$/, (end) => (end === '000' ? '100' : '000'));
    await collector.add(misread);
    expect((await collector.add(codes[0]!))?.packet).toBeNull();
    await collector.add(codes[1]!);
    expect((await collector.add(codes[0]!))?.packet).toEqual(packet);
  });

  it('has an end', async () => {
    expect(await codesOf(new Uint8Array(600 * MOST_CODES + 1))).toBeNull();
  });
});
