// The office changes while phones are out: a building goes to a new grid, somebody gets a role there,
// a phone is lost. What a phone had recorded and not sent is not lost with any of it; a lost phone hands it in, and
// wipes itself.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Desk } from './desk.mjs';
import { Phone } from './phone.mjs';
import { DESK, Stage, picture } from './stage.mjs';

test('a building moves, a role is given, a phone is stopped', { timeout: 300_000 }, async () => {
  const stage = await Stage.set();
  const { server } = stage;
  try {
    await server.start();
    const logins = await server.logins();
    const phone = new Phone(await stage.browser(), server.address.http);
    await phone.open();
    await phone.enrol(logins.get('grid1a'));
    const before = await phone.buildings();

    const desk = new Desk(await stage.browser(DESK), server.address.http);
    await desk.open('secretary', logins.get('secretary'));
    await desk.go('doors');
    await desk.id('to-grids').click();
    await desk.id('grids-page').waitFor();
    await desk.id('grids-from').click();
    await desk.page.locator('.el-select-dropdown__item:visible').first().click();
    const moving = desk.id('grids-building').first();
    const building = (await moving.locator('b').innerText()).trim();
    await moving.locator('input').check();
    await desk.select('grids-to', 'new');
    await desk.id('grids-name').fill('第9网格');
    await desk.id('grids-size').waitFor();
    await picture(desk.page, 'desk-grids');
    await desk.id('grids-do').click();
    await desk.id('grids-done').waitFor();
    await picture(desk.page, 'desk-grids-done');
    await phone.syncNow();
    const after = await phone.buildings(before.length - 1);
    assert.ok(!after.some((name) => name.includes(building)), `${building}: ${after}`);

    await desk.go('staff');
    const row = desk.page.locator('[data-testid="staff-row"]').filter({ has: desk.page.locator('[data-testid="staff-phone"]') }).first();
    await picture(desk.page, 'desk-staff');
    await row.getByTestId('staff-grant').click();
    await desk.select('staff-role', 'grid_worker');
    await desk.select('staff-grid', '第9网格');
    await picture(desk.page, 'desk-staff-grant');
    await desk.id('staff-give').click();
    await row.getByTestId('staff-held').filter({ hasText: '第9网格' }).waitFor();
    await phone.syncNow();
    await phone.buildings(before.length);

    // Without signal somebody records on; meanwhile the phone is reported lost.
    await phone.page.context().setOffline(true);
    const cells = await phone.openBuilding(0);
    await phone.openDoor(cells[0]);
    await phone.checkDoor('met');
    await row.getByTestId('staff-stop').click();
    await picture(desk.page, 'desk-staff-stop');
    await desk.id('staff-stop-lost').click();
    await desk.page.locator('[data-testid="staff-phone"][data-stopped="true"]').waitFor();
    await phone.page.context().setOffline(false);
    await phone.page.goto(`${server.address.http}/#/sync`);
    // It hands in what it has, is told, and wipes itself.
    await phone.id('wiped').waitFor({ timeout: 60_000 });
    await picture(phone.page, 'phone-wiped');
    const left = await phone.page.evaluate(async () => {
      const open = indexedDB.open('menpai');
      await new Promise((resolve) => { open.onsuccess = resolve; });
      const stores = ['log', 'line', 'document', 'meta', 'draft'];
      const counts = await Promise.all(stores.map((store) => new Promise((resolve) => {
        const request = open.result.transaction(store).objectStore(store).count();
        request.onsuccess = () => resolve(request.result);
      })));
      open.result.close();
      return counts;
    });
    assert.deepEqual(left, [0, 0, 0, 0, 0], 'nothing that can be read is left');
    await desk.go('staff');
    await desk.page.locator('[data-testid="staff-phone"] [data-told="true"]').waitFor();
    await stage.close();
  } finally {
    await stage.clear();
  }
});
