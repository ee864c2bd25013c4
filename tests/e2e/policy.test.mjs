// The policy of the site in a real browser: every page of phone and desk lives with it, its workers
// too; nobody else is asked; and what it forbids is really stopped.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Browser } from './browser.mjs';
import { Desk } from './desk.mjs';
import { Phone } from './phone.mjs';
import { DESK, Stage } from './stage.mjs';
import { told } from './story.mjs';

/** Whether the browser lets a page do this. */
async function may(page, what) {
  return page.evaluate(async (name) => {
    const tries = {
      markup: () => { document.createElement('div').innerHTML = '<b>text</b>'; },
      worker: () => new Worker('/assets/other.js'),
      policy: () => globalThis.trustedTypes.createPolicy('another', { createHTML: (text) => text }),
      elsewhere: () => fetch('http://localhost:9/'),
    };
    try {
      await tries[name]();
      return true;
    } catch {
      return false;
    }
  }, what);
}

test('every page lives with the policy, and what it forbids is stopped', { timeout: 600_000 }, async (context) => {
  const step = told(context);
  const stage = await Stage.set();
  try {
    await stage.server.start();
    const origin = stage.server.address.http;
    const logins = await stage.server.logins();
    const asked = new Set();
    const watch = (page) => page.context().on('request', (request) => asked.add(new URL(request.url()).origin));

    await step('the phone: worker, service worker, every tab, a door and its form', async () => {
      const phone = new Phone(await stage.browser(), origin);
      await phone.open();
      watch(phone.page);
      await phone.enrol(logins.get('grid1a'));
      await phone.readyForOffline();
      const [door] = await phone.openBuilding(0);
      await phone.openDoorFromMatrix(door);
      await phone.checkDoor('met', '<img src=x onerror=alert(1)>');
      for (const tab of ['today', 'doors', 'sync', 'me']) await phone.page.goto(`${origin}/#/${tab}`);
      await phone.syncNow();
      await phone.waitOnlyHere(0);
      await phone.browser.close();
    });

    let desk;
    await step('the desk: every page of the menu', async () => {
      desk = new Desk(await stage.browser(DESK), origin);
      await desk.open('secretary', logins.get('secretary'));
      watch(desk.page);
      const pages = await desk.page.locator('[data-testid^="menu-"]').evaluateAll((links) => links.map(({ dataset }) => dataset.testid.slice(5)));
      assert.ok(pages.length > 8, pages.join());
      for (const page of pages) await desk.go(page);
      assert.deepEqual([...asked].filter((one) => one !== origin && one.startsWith('http')), []);
      assert.deepEqual(desk.browser.violations, []);
    });

    await step('the page of the API: every operation of the document', async () => {
      const { paths } = await (await fetch(`${origin}/api/v1/openapi.json`)).json();
      const wanted = Object.entries(paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method} ${path}`));
      await desk.page.goto(`${origin}/api/`);
      await desk.page.locator('[data-operation]').nth(wanted.length - 1).waitFor();
      const shown = await desk.page.locator('[data-operation]').evaluateAll((all) => all.map(({ dataset }) => dataset.operation));
      assert.deepEqual(shown, wanted);
      assert.deepEqual(desk.browser.violations, []);
    });

    await step('what it forbids is stopped, and seen by this test', async () => {
      // A browser of its own: the stage would not forgive it.
      const bad = await Browser.withProfile(DESK);
      try {
        const page = await bad.open();
        await page.goto(`${origin}/desk/`);
        for (const what of ['markup', 'worker', 'policy', 'elsewhere']) {
          const before = bad.violations.length;
          assert.equal(await may(page, what), false, what);
          while (bad.violations.length === before) await new Promise(setImmediate);
        }
      } finally {
        await bad.remove();
      }
    });
  } finally {
    await stage.clear();
  }
});
