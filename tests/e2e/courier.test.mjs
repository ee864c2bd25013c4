// A phone without signal hands its records to a colleague's: as a file, then as QR codes before a camera. The
// courier brings them, the desk shows them, the author gets its receipt, and nothing is there twice.

import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import test from 'node:test';

import { film } from './camera.mjs';
import { Desk } from './desk.mjs';
import { Phone } from './phone.mjs';
import { Proxy } from './proxy.mjs';
import { DESK, Stage } from './stage.mjs';
import { told } from './story.mjs';

const COMMUNITY = '410102002005';

test('what a phone cannot send a colleague brings', { timeout: 600_000 }, async (context) => {
  const step = told(context);
  const stage = await Stage.set();
  const { server } = stage;
  const signal = new Proxy();
  const [file, video] = [`${server.data}.txt`, `${server.data}.y4m`];
  try {
    await server.start();
    const origin = server.address.http;
    const logins = await server.logins();
    await signal.start(origin);
    const anna = new Phone(await stage.browser(), signal.origin);
    /** Where there is none, nobody answers. */
    const backInSignal = () => signal.start(origin, Number(new URL(anna.origin).port));
    const bo = new Phone(await stage.browser(), origin);
    for (const [phone, account] of [[anna, 'grid1a'], [bo, 'grid1b']]) {
      await phone.open();
      await phone.enrol(logins.get(account));
      await phone.readyForOffline();
    }
    const checks = [];
    const check = async (outcome) => {
      const doors = await anna.openBuilding(0);
      const dwelling = doors[checks.length * 2];
      await anna.openDoorFromMatrix(dwelling);
      await anna.checkDoor(outcome);
      checks.push({ dwelling_id: dwelling, outcome });
    };
    /** State and number of entries of each packet that Bo carries, the newest first. */
    const carried = () => bo.id('packet-row').evaluateAll((rows) => rows.map((row) => row.dataset.state));

    await step('without signal: two door checks, sealed in a file', async () => {
      await signal.stop();
      await check('met');
      await check('absent');
      assert.equal(await anna.onlyHere(), 2);
      await anna.id('open-hand-over').click();
      await anna.id('make-file').click();
      await anna.page.locator('[data-testid="packet-made"][data-count="2"]').waitFor();
      const [download] = await Promise.all([anna.page.waitForEvent('download'), anna.id('keep-file').click()]);
      assert.match(download.suggestedFilename(), /^menpai-\d{4}-\d{4}\.txt$/);
      await download.saveAs(file);
      await anna.page.goto(`${anna.origin}/#/sync`);
      await anna.id('handed').filter({ hasText: '2' }).waitFor();
    });

    await step('the colleague takes it while the server is down, and again, and is killed', async () => {
      await server.stop('SIGKILL');
      await bo.page.goto(`${origin}/#/carry`);
      await bo.id('packet-file').setInputFiles(file);
      await bo.page.locator('[data-testid="take-result"][data-result="taken"]').waitFor();
      await bo.id('packet-file').setInputFiles(file);
      await bo.page.locator('[data-testid="take-result"][data-result="known"]').waitFor();
      await bo.browser.kill();
      await bo.open('#/carry');
      await bo.id('packet-row').waitFor();
      assert.deepEqual(await carried(), ['waiting']);
    });

    await step('it goes up with the next contact', async () => {
      await server.start();
      await bo.syncNow();
      await bo.page.goto(`${origin}/#/carry`);
      await bo.page.locator('[data-testid="packet-row"][data-state="arrived"]').waitFor();
    });

    const secretary = new Desk(await stage.browser(DESK), origin);
    await step("the desk has the author's records, while the author's phone knows nothing of it", async () => {
      await secretary.open('secretary', logins.get('secretary'));
      await secretary.go('records');
      await secretary.page.waitForFunction(() => document.querySelectorAll('[data-testid="record-row"][data-kind="door_check"]').length === 2);
      assert.equal(await anna.onlyHere(), 2);
    });

    await step('a third check: now as codes, read by a camera', async () => {
      await check('met');
      await anna.page.goto(`${anna.origin}/#/hand-over`);
      await anna.id('make-codes').click();
      await anna.id('qr-code').waitFor();
      const codes = new Set();
      const of = Number((await anna.id('qr-code').getAttribute('data-code')).split('/')[3]);
      assert.ok(of > 1, 'one code would prove nothing of a series');
      for (let turns = 0; codes.size < of && turns < 3 * of; turns += 1) {
        codes.add(await anna.id('qr-code').getAttribute('data-code'));
        await anna.id('qr-next').click();
      }
      assert.equal(codes.size, of);
      await film([...codes].reverse(), video);
      await bo.browser.close();
      bo.browser.camera = video;
      await bo.open('#/carry');
      await bo.id('scan').click();
      await bo.page.locator('[data-testid="take-result"][data-result="taken"]').waitFor({ timeout: 60_000 });
      // It goes up by itself, since there is a network.
      await bo.page.waitForFunction(() => document.querySelectorAll('[data-testid="packet-row"][data-state="arrived"]').length === 2);
    });

    await step('back in signal the author asks, gets its receipt and sends nothing twice', async () => {
      await check('refused');
      await backInSignal();
      await anna.syncNow();
      await anna.waitOnlyHere(0);
      const own = await anna.ownRecords();
      assert.deepEqual(own.map(({ rung }) => rung), ['merged', 'merged', 'merged', 'merged']);
      const receipts = await anna.page.evaluate(() => new Promise((resolve, reject) => {
        const opened = indexedDB.open('menpai');
        opened.onerror = () => reject(opened.error);
        opened.onsuccess = () => {
          const keys = opened.result.transaction('meta').objectStore('meta').getAllKeys();
          keys.onsuccess = () => resolve(keys.result.filter((key) => key.startsWith('receipt/')).map((key) => Number(key.slice(8))));
        };
      }));
      assert.deepEqual(receipts, [3, 4], 'one for what the courier brought, one for its own');
    });

    await step('everything is there once', async () => {
      await stage.close();
      await server.stop('SIGKILL');
      const rows = await server.view('door_check', COMMUNITY);
      const sorted = (list) => list.map(({ dwelling_id, outcome }) => `${dwelling_id} ${outcome}`).sort();
      assert.deepEqual(sorted(rows), sorted(checks));
      await server.command('verify');
    });
  } finally {
    await stage.clear();
    await signal.stop();
    for (const left of [file, video]) await rm(left, { force: true });
  }
});
