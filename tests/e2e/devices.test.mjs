// What befalls a phone, in real browsers: it changes hands with unsent work on it, and it is cloned, flash and
// all. Nobody has to do anything, nobody's work is another's, nothing is said twice.

import assert from 'node:assert/strict';
import { cp } from 'node:fs/promises';
import { test } from 'node:test';

import { Phone } from './phone.mjs';
import { Stage } from './stage.mjs';

/** Until every record in the list has come to that rung. */
async function waitRung(phone, count, rung) {
  await phone.page.goto(`${phone.origin}/#/sync`);
  await phone.page.waitForFunction(
    ([expected, reached]) => {
      const rows = [...document.querySelectorAll('[data-testid="record-row"]')];
      return rows.length === expected && rows.every((row) => row.dataset.rung === reached);
    },
    [count, rung],
    { timeout: 60_000 },
  );
}

const device = async (phone) => {
  await phone.page.goto(`${phone.origin}/#/me`);
  return phone.id('about-me').locator('dd').last().innerText();
};

async function changeHands(phone, code) {
  await phone.page.goto(`${phone.origin}/#/me`);
  await phone.id('change-hands').click();
  await phone.id('enrol-form').locator('[name="code"]').fill(code);
}

test('a phone that changes hands sends what the one before had not, in their name', { timeout: 300_000 }, async () => {
  const stage = await Stage.set();
  try {
    await stage.server.start();
    const logins = await stage.server.logins();
    const phone = new Phone(await stage.browser(), stage.server.address.http);
    await phone.open();
    await phone.enrol(logins.get('grid1a'));
    const cells = await phone.openBuilding(0);
    await stage.server.stop('SIGKILL');
    for (const cell of cells.slice(0, 2)) {
      await phone.openDoor(cell);
      await phone.checkDoor('met');
    }
    await phone.waitOnlyHere(2);
    const first = await device(phone);

    await changeHands(phone, logins.get('grid1b'));
    await stage.server.start();
    await phone.id('enrol-submit').click();
    await phone.id('building-row').first().waitFor({ timeout: 120_000 });
    assert.notEqual(await device(phone), first);
    await phone.waitOnlyHere(0);
    assert.deepEqual(await phone.ownRecords(), [], 'what the other recorded is not theirs');
    await phone.openDoor(cells[2]);
    await phone.checkDoor('absent');
    await waitRung(phone, 1, 'merged');

    await changeHands(phone, logins.get('grid1a'));
    await phone.id('enrol-submit').click();
    await phone.id('building-row').first().waitFor({ timeout: 120_000 });
    assert.equal(await device(phone), first, 'the same device as before');
    await waitRung(phone, 2, 'merged');
  } finally {
    await stage.clear();
  }
});

test('of two phones with one flash the one that comes second becomes another device', { timeout: 300_000 }, async () => {
  const stage = await Stage.set();
  try {
    await stage.server.start();
    const logins = await stage.server.logins();
    const origin = stage.server.address.http;
    const one = new Phone(await stage.browser(), origin);
    await one.open();
    await one.enrol(logins.get('grid1a'));
    const cells = await one.openBuilding(0);
    await one.openDoor(cells[0]);
    await one.checkDoor('met');
    await waitRung(one, 1, 'merged');
    await one.browser.close();

    const two = new Phone(await stage.browser(), origin);
    await cp(one.browser.profile, two.browser.profile, { recursive: true });
    for (const [phone, cell] of [[one, cells[1]], [two, cells[2]]]) {
      await phone.open();
      await phone.today();
      // From when it becomes another device the second knows no door until it has fetched them anew.
      while (phone === two && (await device(two)) === (await device(one))) await two.syncNow();
      await phone.openDoor(cell);
      await phone.checkDoor('met');
      await waitRung(phone, 2, 'merged');
    }
    assert.notEqual(await device(two), await device(one));
    for (const [phone, cell] of [[one, cells[3]], [two, cells[4]], [one, cells[5]]]) {
      await phone.openDoor(cell);
      await phone.checkDoor('met');
      await phone.waitOnlyHere(0);
    }
    await waitRung(one, 4, 'merged');
    await waitRung(two, 3, 'merged');
  } finally {
    await stage.clear();
  }
});
