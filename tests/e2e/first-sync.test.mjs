// The first sign-in: two requests bring everything, and a connection cut in the middle goes on where it broke.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Phone } from './phone.mjs';
import { Proxy } from './proxy.mjs';
import { Stage } from './stage.mjs';

const SNAPSHOTS = '/api/v1/snapshots?leave_out=overtaken';
const SYNC = '/api/v1/sync';
/** The grid's open part is whole by then, its care part is not. */
const CUT_AFTER_BYTES = 44_000;

/** Beside each document stands what it shows, by which the next start goes. */
function everyDocumentIsShown() {
  return new Promise((resolve, reject) => {
    const opened = indexedDB.open('menpai');
    opened.onerror = () => reject(opened.error);
    opened.onsuccess = () => {
      const asked = opened.result.transaction('document').objectStore('document').getAllKeys();
      asked.onsuccess = () => {
        opened.result.close();
        const documents = asked.result.filter((key) => !key.endsWith('/shown'));
        resolve(documents.length > 0 && documents.every((key) => asked.result.includes(`${key}/shown`)));
      };
    };
  });
}

test('a first sign-in takes two requests, and goes on after a cut', async () => {
  const stage = await Stage.set();
  const { server } = stage;
  const proxies = [];
  try {
    await server.start();
    const logins = await server.logins();
    const signIn = async (account, cutAfter) => {
      const proxy = new Proxy();
      proxies.push(proxy);
      await proxy.start(server.address.http);
      let showsDoors = () => undefined;
      const when = new Promise((resolve) => { showsDoors = resolve; });
      if (cutAfter) proxy.cuts.set(SNAPSHOTS, { after: cutAfter, when });
      const phone = new Phone(await stage.browser(), proxy.origin);
      await phone.open();
      await phone.enrol(logins.get(account));
      // A part is on the screen as soon as it is whole; only now does the connection break.
      showsDoors();
      await phone.page.waitForFunction(
        () => document.querySelectorAll('[data-testid="building-row"]').length > 0 && !document.body.innerText.includes('还没取全'),
      );
      const buildings = await phone.id('building-row').allInnerTexts();
      await phone.page.waitForFunction(everyDocumentIsShown);
      await phone.page.reload();
      await phone.id('building-row').first().waitFor();
      assert.deepEqual(await phone.id('building-row').allInnerTexts(), buildings, 'opened by what is shown');
      const asked = proxy.requests.filter(({ path }) => !path.startsWith('/api/v1/enrolments'));
      // What the app asks later, with nothing new, is another contact.
      const first = asked.slice(0, asked.findIndex(({ path }) => path === SYNC) + 1);
      return { buildings, first };
    };

    const whole = await signIn('grid1a', null);
    assert.deepEqual(whole.first.map(({ method, path }) => `${method} ${path}`), [`GET ${SNAPSHOTS}`, `POST ${SYNC}`]);
    assert.ok(whole.buildings.length > 5, `${whole.buildings.length} buildings`);

    const broken = await signIn('grid1b', CUT_AFTER_BYTES);
    assert.deepEqual(broken.buildings, whole.buildings);
    const [before, after, sync] = broken.first;
    assert.deepEqual([before?.path, after?.path, sync?.path], [SNAPSHOTS, SNAPSHOTS, SYNC]);
    assert.equal(before.range, null);
    const from = Number(/^bytes=(\d+)-$/.exec(after.range ?? '')?.[1]);
    assert.ok(from > 0 && from <= CUT_AFTER_BYTES, `it goes on from ${after.range}`);
  } finally {
    await stage.clear();
    for (const proxy of proxies) await proxy.stop();
  }
});
