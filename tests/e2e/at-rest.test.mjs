// A phone that somebody else has: nothing in any file of its browser names anybody; days without the server, or five
// wrong PINs, and it opens nothing; and in every case what was recorded and not sent arrives.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Desk } from './desk.mjs';
import { everything, searcher, unsnap } from './leveldb.mjs';
import { Phone, PIN } from './phone.mjs';
import { DESK, Stage, picture } from './stage.mjs';

const COMMUNITY = '410102002005';
const NOTE = '楼道灯不亮，已告诉物业老周';
const LATER = '门口的电线垂下来了，已请人来修';
const DRAFTED = '门口堆了纸箱，说好周五清走';

/** Enrolled, its PIN chosen on its keys; one who types it himself from now on. */
async function enrolled(stage, code, more = {}) {
  const phone = new Phone(await stage.browser(more), stage.server.address.http);
  phone.pin = null;
  await phone.open();
  await phone.id('enrol-form').locator('[name="code"]').fill(code);
  await phone.id('enrol-submit').click();
  await choosePin(phone);
  await phone.id('building-row').first().waitFor({ timeout: 120_000 });
  await phone.readyForOffline();
  return phone;
}

async function choosePin(phone, pin = PIN) {
  await phone.page.locator('[data-testid="choose-pin"][data-step="new"]').waitFor();
  await phone.typePin(pin);
  await phone.page.locator('[data-testid="choose-pin"][data-step="again"]').waitFor();
  await phone.typePin(pin);
}

const locked = (phone, why) => phone.page.locator(`[data-testid="lock"][data-why="${why}"]`);

/** Changes a row of the phone's, as time or an accident would. */
function changeRow(phone, key, change) {
  return phone.page.evaluate(async ([row, changed]) => {
    const database = await new Promise((resolve) => { const opening = indexedDB.open('menpai'); opening.onsuccess = () => resolve(opening.result); });
    const transaction = database.transaction('keys', 'readwrite');
    const keys = transaction.objectStore('keys');
    const found = keys.get(row);
    found.onsuccess = () => keys.put({ ...found.result, ...changed }, row);
    await new Promise((resolve) => { transaction.oncomplete = resolve; });
    database.close();
  }, [key, change]);
}

/** Until the server's lease is there, which comes last. */
function leased(phone) {
  return phone.page.waitForFunction(async () => {
    const database = await new Promise((resolve) => { const opening = indexedDB.open('menpai'); opening.onsuccess = () => resolve(opening.result); });
    const found = database.transaction('keys').objectStore('keys').count('lease');
    await new Promise((resolve) => { found.onsuccess = resolve; });
    database.close();
    return found.result > 0;
  }, null, { polling: 100 });
}

/** Everything that lies in the origin's databases, as text. */
function dump(phone) {
  return phone.page.evaluate(async () => {
    const texts = [];
    const say = (value) => {
      if (typeof value === 'string') texts.push(value);
      else if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) texts.push(new TextDecoder().decode(value));
      else if (value && typeof value === 'object') for (const [name, one] of Object.entries(value)) { texts.push(name); say(one); }
    };
    let rows = 0;
    for (const { name } of await indexedDB.databases()) {
      const database = await new Promise((resolve) => { const opening = indexedDB.open(name); opening.onsuccess = () => resolve(opening.result); });
      for (const store of database.objectStoreNames) {
        const all = database.transaction(store).objectStore(store);
        const [keys, values] = await Promise.all([all.getAllKeys(), all.getAll()].map((request) => new Promise((resolve) => { request.onsuccess = () => resolve(request.result); })));
        rows += keys.length;
        texts.push(...keys.map(String));
        values.forEach(say);
      }
      database.close();
    }
    texts.push(JSON.stringify({ ...localStorage }));
    return { rows, text: texts.join('\n') };
  });
}

/** Whoever the phone knows: names, numbers, addresses; and what was written on it. */
async function whatNamesPeople(server) {
  const views = await Promise.all(['person', 'place', 'dwelling'].map((name) => server.view(name, COMMUNITY)));
  const [persons, places] = views;
  const said = [
    ...persons.flatMap(({ name, phone }) => [name, phone]),
    ...places.filter(({ type }) => type !== 'grid').flatMap(({ name, address }) => [name, address]),
    ...['刘敏', '陈建国'], NOTE, DRAFTED,
  ];
  return [...new Set(said)].filter((word) => typeof word === 'string' && word.length >= 2);
}

/** In which files which of the words stand, in either encoding. Words of few bytes stand anywhere by chance. */
async function found(folder, words) {
  const needles = words.flatMap((word) => [Buffer.from(word, 'utf8'), Buffer.from(word, 'utf16le')]).filter((bytes) => bytes.length >= 6);
  const search = searcher(needles);
  const hits = [];
  let files = 0;
  for await (const [path, bytes] of everything(folder)) {
    files += 1;
    for (const needle of search(bytes)) hits.push(`${path.slice(folder.length)}: ${needle}`);
  }
  return { hits, files };
}

test('Snappy is read as it is written, and a word is found wherever it stands', () => {
  const packed = Buffer.from([11, 0x10, ...Buffer.from('Wikip'), 0x05, 0x05, 0x04, ...Buffer.from('ed')]);
  assert.equal(unsnap(packed).subarray(0, 9).toString(), 'WikipWiki');
  const search = searcher(['王桂芳', '王桂花', '410102'].map((word) => Buffer.from(word)));
  const hits = (text) => [...search(Buffer.from(text))].map(String);
  assert.deepEqual(hits('王桂花王桂芳'), ['王桂花', '王桂芳']);
  assert.deepEqual(hits('x410102'), ['410102']);
  assert.deepEqual(hits('王桂王41010'), []);
});

test('a captured profile without the PIN names nobody, in none of its files', { timeout: 300_000 }, async () => {
  const stage = await Stage.set();
  const { server } = stage;
  try {
    const words = await whatNamesPeople(server);
    assert.ok(words.length > 100, 'there is something to look for');
    await server.start();
    const logins = await server.logins();
    const phone = await enrolled(stage, logins.get('grid1a'));
    const name = await nameOf(phone);
    words.push(name);
    const cells = await phone.openBuilding(0);
    await phone.openDoor(cells[0]);
    await phone.checkDoor('met', NOTE);
    await phone.waitOnlyHere(0);
    await server.stop();
    await phone.openDoor(cells[1]);
    await phone.checkDoor('absent', NOTE);
    // Begun and left: a draft.
    await phone.openDoor(cells[2]);
    await phone.id('open-check').click();
    await phone.choose('outcome', 'met');
    await phone.page.locator('[data-field="/diary"] textarea').fill(DRAFTED);
    await drafted(phone, cells[2]);
    await phone.browser.kill();
    // Once more, so that LevelDB writes tables; nobody types the PIN.
    await phone.open();
    await locked(phone, 'pin').waitFor();
    assert.equal(await phone.id('lock').getAttribute('data-unsent'), '1');
    await picture(phone.page, 'phone-locked');
    const { rows, text } = await dump(phone);
    assert.ok(rows > 20, `it has what it fetched: ${rows}`);
    assert.deepEqual(words.filter((word) => text.includes(word)), []);
    assert.ok(text.includes(COMMUNITY), 'what is not sealed would be found');
    await phone.browser.kill();

    const { hits, files } = await found(phone.browser.profile, words);
    assert.deepEqual(hits, [], `${files} files and blocks`);
    const control = await found(phone.browser.profile, [COMMUNITY]);
    assert.ok(control.hits.some((hit) => hit.includes('IndexedDB')), 'what is not sealed is found');

    // The PIN gives everything back, the draft too; and another does once it was changed.
    await phone.open();
    await phone.typePin(PIN);
    await phone.page.goto(`${phone.origin}/#/pin`);
    for (const [step, pin] of [['old', PIN], ['new', '123456'], ['new', '591373'], ['again', '591373']]) {
      await phone.page.locator(`[data-testid="choose-pin"][data-step="${step}"]`).waitFor();
      await phone.typePin(pin);
      if (pin === '123456') await phone.id('pin-problem').locator('.err').waitFor();
    }
    await phone.id('pin-changed').waitFor();
    await phone.page.reload();
    await phone.typePin('591373');
    await phone.id('building-row').first().or(phone.id('choose-pin')).first().waitFor();
    await drafted(phone, cells[2]);
    await phone.waitOnlyHere(1);
  } finally {
    await stage.clear();
  }
});

/** Opened again, the form has what was begun. */
async function drafted(phone, cell) {
  await phone.openDoor(cell);
  await phone.id('open-check').click();
  await phone.page.waitForFunction((text) => document.querySelector('[data-field="/diary"] textarea')?.value === text, DRAFTED);
}

async function nameOf(phone) {
  await phone.page.goto(`${phone.origin}/#/me`);
  const name = await phone.id('about-me').locator('dd').first().innerText();
  assert.ok(name.length >= 2);
  return name;
}

/** Enrolled, with one door checked that the server has not heard of. */
async function withUnsent(stage, more = {}) {
  await stage.server.start();
  const logins = await stage.server.logins();
  const phone = await enrolled(stage, logins.get('grid1a'), more);
  const cells = await phone.openBuilding(0);
  await leased(phone);
  await stage.server.stop();
  await phone.openDoor(cells[0]);
  await phone.checkDoor('met', NOTE);
  await phone.waitOnlyHere(1);
  return { phone, logins, cells };
}

test('it shuts when nobody touches it, after three days without the server, and for good after five wrong PINs; each time its work arrives, once', { timeout: 300_000 }, async (context) => {
  const stage = await Stage.set();
  try {
    const { phone, logins, cells } = await withUnsent(stage);

    context.diagnostic('nobody touches it');
    await phone.page.workers()[0].evaluate(() => {
      const now = Date.now.bind(Date);
      Date.now = () => now() + 16 * 60_000;
    });
    await locked(phone, 'pin').waitFor();
    assert.equal(await phone.page.getByText(NOTE).count(), 0);
    await phone.typePin(PIN);
    await phone.id('only-here').waitFor();

    context.diagnostic('three days pass; a contact opens it again');
    await changeRow(phone, 'lease', { at: Date.now() - 73 * 3_600_000 });
    // Also while it is open: it is looked at every 20 seconds, and before anything else when it is taken up again.
    await locked(phone, 'lease').waitFor();
    await picture(phone.page, 'phone-lease');
    await phone.browser.kill();
    await phone.open();
    await locked(phone, 'lease').waitFor();
    assert.equal(await phone.id('pin-pad').count(), 0);
    assert.match(await phone.id('lock-unsent').innerText(), /1/);
    await stage.server.start();
    await phone.id('lock-connect').click();
    await locked(phone, 'pin').waitFor();
    assert.equal(await phone.id('lock').getAttribute('data-unsent'), '0', 'it went up meanwhile');
    await phone.typePin(PIN);
    await phone.waitOnlyHere(0);

    context.diagnostic('five wrong PINs, and nothing opens it any more');
    await stage.server.stop();
    await phone.openDoor(cells[1]);
    await phone.checkDoor('met', LATER);
    await phone.waitOnlyHere(1);
    await phone.browser.kill();
    await phone.open();
    for (const [index, pin] of ['283740', '283741', '283742', '283743', '283744'].entries()) {
      await phone.typePin(pin);
      if (index === 4) break;
      await phone.page.locator('[data-testid="lock-problem"] .err').waitFor();
      if (index === 2) await picture(phone.page, 'phone-wrong-pin');
      if (index >= 2) {
        // The minutes pass.
        await changeRow(phone, 'lock', { wait_until: 0 });
        await phone.page.reload();
      }
    }
    await locked(phone, 'gone').waitFor();
    assert.match(await phone.id('lock-unsent').innerText(), /1/);
    await picture(phone.page, 'phone-gone');
    await phone.browser.kill();
    await stage.server.start();
    await phone.open();
    await locked(phone, 'gone').waitFor();
    await phone.page.locator('[data-testid="lock"][data-unsent="0"]').waitFor({ timeout: 60_000 });

    context.diagnostic('it is enrolled again, and has what it sent');
    await phone.id('lock-enrol').click();
    await phone.id('enrol-form').locator('[name="code"]').fill(logins.get('grid1a'));
    await phone.id('enrol-submit').click();
    await choosePin(phone, '591373');
    await phone.id('building-row').first().waitFor({ timeout: 120_000 });
    await phone.openDoor(cells[1]);
    await phone.page.locator('[data-testid="door-state"][data-status="checked"]').waitFor();
    await phone.page.reload();
    await phone.typePin('591373');
    await phone.waitOnlyHere(0);
    await stage.close();
    await stage.server.stop();
    const rows = await stage.server.view('door_check', COMMUNITY);
    for (const note of [NOTE, LATER]) assert.equal(rows.filter(({ diary }) => diary === note).length, 1, 'once');
  } finally {
    await stage.clear();
  }
});

test('a lost phone that nobody unlocks hands in its work, then has nothing', { timeout: 300_000 }, async () => {
  const stage = await Stage.set();
  try {
    const { phone, logins } = await withUnsent(stage);
    const name = await nameOf(phone);
    await phone.browser.kill();
    await stage.server.start();
    const desk = new Desk(await stage.browser(DESK), stage.server.address.http);
    await desk.open('secretary', logins.get('secretary'));
    await desk.go('staff');
    const row = desk.page.locator(`[data-testid="staff-row"][data-name="${name}"]`);
    await row.locator('[data-testid="staff-phone"][data-stopped="false"]').last().getByTestId('staff-stop').click();
    await desk.id('staff-stop-lost').click();
    await row.locator('[data-testid="staff-phone"][data-stopped="true"]').first().waitFor();
    await phone.open();
    await phone.id('wiped').waitFor({ timeout: 60_000 });
    const { text } = await dump(phone);
    assert.ok(!text.includes('-----') && !text.includes(COMMUNITY), 'not even where it was');
    await desk.go('held');
    await desk.id('held-row').first().waitFor();
  } finally {
    await stage.clear();
  }
});

test('rows of before there was a PIN are sealed once one is chosen, whenever that is broken off', { timeout: 300_000 }, async () => {
  const stage = await Stage.set();
  try {
    const { phone } = await withUnsent(stage);
    await phone.page.reload();
    await locked(phone, 'pin').waitFor();
    // What the worker opens and seals, it says.
    const [worker] = phone.page.workers();
    await worker.evaluate(() => {
      globalThis.plain = new Map();
      const note = (how, content) => {
        const [mark, store, key] = new TextDecoder().decode(how.additionalData ?? new Uint8Array()).split('\0');
        const bytes = new Uint8Array(content);
        if (mark === 'menpai-row-1') globalThis.plain.set(`${store}\0${key}`, bytes[0] === 1 ? bytes.slice(1) : new TextDecoder().decode(bytes.subarray(1)));
      };
      const { decrypt, encrypt } = SubtleCrypto.prototype;
      SubtleCrypto.prototype.decrypt = async function (how, ...rest) {
        const content = await decrypt.call(this, how, ...rest);
        note(how, content);
        return content;
      };
      SubtleCrypto.prototype.encrypt = function (how, key, content) {
        note(how, content);
        return encrypt.call(this, how, key, content);
      };
    });
    await phone.typePin(PIN);
    await phone.id('only-here').waitFor();
    await phone.page.waitForTimeout(2_000);
    // As an older version kept it.
    const plain = await worker.evaluate(async () => {
      const database = await new Promise((resolve) => { const opening = indexedDB.open('menpai'); opening.onsuccess = () => resolve(opening.result); });
      const transaction = database.transaction([...database.objectStoreNames], 'readwrite');
      let rows = 0;
      for (const store of ['log', 'line', 'document', 'meta', 'draft']) {
        const all = transaction.objectStore(store);
        const keys = await new Promise((resolve) => { const found = all.getAllKeys(); found.onsuccess = () => resolve(found.result); });
        for (const key of keys) all.put(globalThis.plain.get(`${store}\0${key}`), key);
        rows += keys.length;
      }
      for (const row of ['lock', 'lease']) transaction.objectStore('keys').delete(row);
      transaction.objectStore('outbox').clear();
      await new Promise((resolve) => { transaction.oncomplete = resolve; });
      return rows;
    });
    assert.ok(plain > 20);
    let sealed = false;
    for (const wait of [0, 40, 150]) {
      await phone.browser.kill();
      await phone.open();
      await phone.page.locator('[data-testid="choose-pin"], [data-testid="lock"]').first().waitFor();
      sealed = (await phone.id('lock').count()) > 0;
      if (sealed) break;
      await choosePin(phone);
      await phone.page.waitForTimeout(wait);
    }
    await phone.browser.kill();
    await phone.open();
    await phone.page.locator('[data-testid="choose-pin"], [data-testid="lock"]').first().waitFor();
    if ((await phone.id('lock').count()) > 0) await phone.typePin(PIN);
    else await choosePin(phone);
    await phone.id('building-row').first().waitFor();
    await phone.waitOnlyHere(1);
    await stage.server.start();
    await phone.syncNow();
    await phone.waitOnlyHere(0);
  } finally {
    await stage.clear();
  }
});
