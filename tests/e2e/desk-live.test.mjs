// What a phone sends shows on a desk that is open, without anybody loading the page again.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Desk } from './desk.mjs';
import { Phone } from './phone.mjs';
import { DESK, Stage } from './stage.mjs';

test('a sync shows up on an open desk without a reload', { timeout: 240_000 }, async (context) => {
  const stage = await Stage.set();
  const { server } = stage;
  try {
    await server.start();
    const origin = server.address.http;
    const logins = await server.logins();
    const phone = new Phone(await stage.browser(), origin);
    await phone.open();
    await phone.enrol(logins.get('grid1a'));
    const [first, second] = await phone.openBuilding(0);
    await phone.waitOnlyHere(0);

    const desk = new Desk(await stage.browser(DESK), origin);
    await desk.open('secretary', logins.get('secretary'));
    await desk.go('overview');
    await desk.listens();
    await desk.cell(first, 'due');
    const loads = () => desk.page.evaluate(() => performance.getEntriesByType('navigation').length + performance.timeOrigin);
    const loaded = await loads();

    context.diagnostic('the wall follows a door check');
    const before = await desk.total('checked');
    await phone.openDoor(first);
    await phone.checkDoor('met');
    await desk.cell(first, 'checked');
    // The figures come by another answer than the wall.
    await desk.totals('checked', before + 1);

    context.diagnostic('the list says that something arrived and stays where it is');
    await desk.go('records');
    await desk.id('record-row').first().waitFor();
    const listed = await desk.rows();
    await phone.openDoor(second);
    await phone.checkDoor('absent');
    await desk.id('arrived').waitFor();
    assert.match(await desk.id('arrived').innerText(), /1 条新到/);
    assert.deepEqual(await desk.rows(), listed);
    await desk.id('arrived').click();
    assert.deepEqual((await desk.rows()).slice(1), listed);
    await desk.go('overview');
    await desk.cell(second, 'absent');
    assert.equal(await loads(), loaded);

    context.diagnostic('a list is written to a file');
    await desk.go('records');
    const waiting = desk.page.waitForEvent('download');
    await desk.id('export-xlsx').click();
    const download = await waiting;
    assert.match(download.suggestedFilename(), /^menpai-records-\d{4}-\d{2}-\d{2}\.xlsx$/);
    assert.equal(await download.failure(), null);
  } finally {
    await stage.clear();
  }
});
