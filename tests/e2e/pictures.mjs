// Takes the README's pictures from the demo: `node tests/e2e/pictures.mjs` (after make build-dev).
// Not a test: somebody should look at what comes out.

import { mkdir, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { Browser } from './browser.mjs';
import { Desk } from './desk.mjs';
import { Phone } from './phone.mjs';
import { Server, demoFolder } from './server.mjs';

const folder = fileURLToPath(new URL('../../docs/images/', import.meta.url));
await mkdir(folder, { recursive: true });
const server = new Server(await demoFolder());
await server.start();
const logins = await server.logins();
const origin = server.address.http;
const browsers = [];

async function phone(account) {
  const browser = await Browser.withProfile({ scale: 2 });
  browsers.push(browser);
  const made = new Phone(browser, origin);
  await made.open();
  await made.enrol(logins.get(account));
  return made;
}

async function picture(page, name) {
  await page.waitForTimeout(400);
  await page.screenshot({ path: `${folder}${name}.png` });
}

try {
  const anna = await phone('grid1a');
  const bo = await phone('grid1b');
  const cells = await anna.openBuilding(0);
  for (const [index, outcome] of ['met', 'met', 'absent', 'met', 'empty', 'refused', 'met', 'met', 'absent'].entries()) {
    await anna.openDoor(cells[index * 2]);
    await anna.checkDoor(outcome);
  }
  await anna.waitOnlyHere(0);
  const withPhone = async () => {
    for (const cell of cells) {
      await anna.openDoor(cell);
      if (await anna.id('phone-number').count() > 0 && await anna.id('correct').count() > 0) return cell;
    }
    throw new Error('nobody has a phone here');
  };
  const door = await withPhone();
  await bo.openDoor(door);
  await bo.page.context().setOffline(true);
  await bo.correctPhone('19900009002', 'phone_call');
  await anna.correctPhone('19900009001', 'asked_in_person');
  await anna.waitOnlyHere(0);
  await bo.page.context().setOffline(false);
  await bo.syncNow();
  await bo.waitOnlyHere(0);
  await anna.syncNow();
  await anna.today();
  await picture(anna.page, 'phone-today');
  await anna.openBuilding(0);
  await picture(anna.page, 'phone-doors');
  await anna.openDoor(door);
  await anna.id('conflict-value').nth(1).waitFor();
  await picture(anna.page, 'phone-door');

  await server.stop('SIGKILL');
  for (const cell of cells.slice(20, 23)) {
    await anna.openDoor(cell);
    await anna.checkDoor('met');
  }
  await anna.openDoor(cells[24]);
  await anna.id('open-check').click();
  await anna.choose('outcome', 'met');
  await picture(anna.page, 'phone-form');
  await anna.waitOnlyHere(3);
  await picture(anna.page, 'phone-sync');
  await server.start();
  await anna.syncNow();
  await anna.waitOnlyHere(0);

  const desk = await Browser.withProfile({ size: { width: 1440, height: 900 } });
  browsers.push(desk);
  const secretary = new Desk(desk, origin);
  await secretary.open('secretary', logins.get('secretary'));
  const { page } = secretary;
  await secretary.go('overview');
  await secretary.id('wall-cell').first().waitFor();
  await picture(page, 'desk-overview');
  await secretary.go('records');
  await page.getByTestId('record-row').nth(8).waitFor();
  await picture(page, 'desk-records');
  await page.getByTestId('menu-conflicts').click();
  await page.getByTestId('conflict-row').first().click();
  await page.getByTestId('conflict-value').nth(1).waitFor();
  await picture(page, 'desk-conflicts');
} finally {
  for (const browser of browsers) {
    await browser.kill();
    await browser.remove();
  }
  await server.stop('SIGKILL');
  await rm(server.data, { recursive: true, force: true });
}
