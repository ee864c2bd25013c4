// An id number from the card to the desk: a phone without signal checks it as it is typed, seals it and keeps
// nothing of it; the desk shows it masked, finds its person by it, shows it whole for a reason, and the log
// says who looked.

import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';

import { Desk } from './desk.mjs';
import { Phone } from './phone.mjs';
import { DESK, Stage, picture } from './stage.mjs';

/** Of nobody: 99 is no province. Nobody in the demo was born then. */
const NUMBER = '990001190001010020';

test('an id number is sealed at the door and read at the desk, by whom and why', { timeout: 300_000 }, async (context) => {
  const stage = await Stage.set();
  const { server } = stage;
  try {
    await server.start();
    const logins = await server.logins();
    const browser = await stage.browser();
    const phone = new Phone(browser, server.address.http);
    await phone.open();
    await phone.enrol(logins.get('grid1a'));
    await phone.readyForOffline();
    const cells = await phone.openBuilding(0);
    await phone.waitOnlyHere(0);
    await server.stop('SIGKILL');

    context.diagnostic('without signal: checked as it is typed, sealed, saved');
    const name = await someone(phone, cells);
    const say = async (text) => {
      await phone.id('id-number').fill(text);
      await phone.id('id-form').getByTestId('save').click();
    };
    await phone.id('person').first().locator('summary').click();
    await picture(phone.page, 'phone-id-number-person');
    await phone.id('open-id-number').first().click();
    await picture(phone.page, 'phone-id-number');
    for (const [typed, said] of [['9900011900', /18 位/], ['990001000101002', /15 位/], [`${NUMBER.slice(0, 17)}1`, /有一位填错了/]]) {
      await say(typed);
      await phone.id('id-wrong').getByText(said).waitFor();
    }
    await picture(phone.page, 'phone-id-number-wrong');
    await say(`${NUMBER.slice(0, 6)} ${NUMBER.slice(6, 14)} ${NUMBER.slice(14)}`);
    await phone.id('id-differs').first().waitFor();
    await picture(phone.page, 'phone-id-number-differs');
    await phone.id('id-form').getByTestId('save').click();
    await phone.id('snackbar').getByText('已保存').waitFor();
    await picture(phone.page, 'phone-id-number-saved');
    await phone.waitOnlyHere(2);

    context.diagnostic('sent with the next signal');
    await server.start();
    await phone.syncNow();
    await phone.waitOnlyHere(0);
    await phone.page.waitForFunction(() => {
      const rows = [...document.querySelectorAll('[data-testid="record-row"]')];
      return rows.length === 2 && rows.every((row) => row.dataset.rung === 'merged');
    });

    context.diagnostic('at the desk: masked, found by the whole number, shown for a reason, written down');
    const desk = new Desk(await stage.browser(DESK), server.address.http);
    await desk.open('secretary', logins.get('secretary'));
    await desk.go('doors');
    await desk.id('to-numbers').click();
    const find = async (text) => {
      await desk.id('numbers-text').fill(text);
      await desk.id('numbers-search').click();
    };
    await find(`${NUMBER.slice(0, 17)}1`);
    await desk.page.getByText('这不是一个身份证号').waitFor();
    await find(NUMBER);
    const row = desk.id('numbers-row');
    await row.getByText('9900**********0020').waitFor();
    assert.ok((await row.innerText()).includes(name));
    assert.ok(!(await desk.page.content()).includes(NUMBER.slice(4, 14)));
    await picture(desk.page, 'desk-id-numbers');
    await desk.id('number-one').click();
    await picture(desk.page, 'desk-id-number-reason');
    await desk.id('number-reason').click();
    await desk.page.locator('[data-value="official_form"]').click();
    await desk.id('number-do').click();
    assert.equal(await desk.id('number-whole').innerText(), NUMBER);
    await picture(desk.page, 'desk-id-number-whole');
    await desk.go('audit');
    await desk.id('audit-line').first().getByText('完整的身份证号').waitFor();
    await desk.id('audit-line').first().getByText('给别的部门填表').waitFor();
    await picture(desk.page, 'desk-id-number-audit');

    context.diagnostic('nothing of it on the phone');
    await browser.close();
    await nowhereIn(browser.profile);
  } finally {
    await stage.clear();
  }
});

/** The first door behind which somebody lives. */
async function someone(phone, cells) {
  for (const cell of cells) {
    await phone.openDoor(cell);
    if (await phone.id('open-id-number').count() > 0) return phone.page.locator('[data-testid="person"] .name').first().innerText();
  }
  throw new Error('nobody lives here');
}

/** No file of a profile has the number, as a browser writes texts. */
async function nowhereIn(folder) {
  let files = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const bytes = await readFile(join(entry.parentPath, entry.name));
    files += 1;
    for (const text of [Buffer.from(NUMBER), Buffer.from(NUMBER, 'utf16le')]) assert.ok(!bytes.includes(text), join(entry.parentPath, entry.name));
  }
  assert.ok(files > 10, String(files));
}
