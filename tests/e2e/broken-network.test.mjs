// Networks that break in the middle, and networks where somebody else answers: what came counts, nothing is lost,
// nobody is signed out, and the screen says no more than is known.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Phone } from './phone.mjs';
import { Proxy } from './proxy.mjs';
import { Stage } from './stage.mjs';
import { told } from './story.mjs';

const SYNC = '/api/v1/sync';
const page = '<!doctype html><title>portal</title><h1>Please log in</h1>';
const PORTALS = {
  'a page instead of an answer': `HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: ${page.length}\r\nConnection: close\r\n\r\n${page}`,
  'a redirect to a login page': 'HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/login\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
  'a network that says that it wants a login': `HTTP/1.1 511 Network Authentication Required\r\nContent-Type: text/html\r\nContent-Length: ${page.length}\r\nConnection: close\r\n\r\n${page}`,
  'an empty answer': 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
  'a proxy that wants a password': 'HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}',
};

test('a phone keeps everything through portals and breaks', { timeout: 600_000 }, async (context) => {
  const step = told(context);
  const stage = await Stage.set();
  const { server } = stage;
  const proxy = new Proxy();
  try {
    await server.start();
    await proxy.start(server.address.http);
    const logins = await server.logins();
    const phone = new Phone(await stage.browser(), proxy.origin);
    await phone.open();
    await phone.enrol(logins.get('grid1a'));
    await phone.readyForOffline();
    const doors = await phone.openBuilding(0);
    await phone.waitOnlyHere(0);

    let only = 0;
    for (const [what, answer] of Object.entries(PORTALS)) {
      await step(what, async () => {
        proxy.portal = answer;
        await phone.openDoor(doors[only]);
        await phone.checkDoor('absent');
        only += 1;
        await phone.syncNow();
        await phone.page.locator('[data-testid="sync-outcome"][data-outcome="stranger"]').getByText('这个网络要先登录，或者不是我们的服务器').waitFor();
        await phone.id('banner-offline').getByText('这个网络要先登录').waitFor();
        assert.equal(await phone.id('banner-expired').count(), 0, 'nobody was signed out');
        assert.equal(await phone.id('only-here').innerText(), String(only));
        // The app itself is not the portal's page, and starts as ever.
        await phone.page.reload();
        await phone.id('sync-now').waitFor();
        assert.notEqual(await phone.page.title(), 'portal');
      });
    }

    await step('it goes on by itself once the network is honest', async () => {
      proxy.portal = null;
      await phone.waitOnlyHere(0);
    });

    await step('a request cut in the middle: the rest goes up, nothing twice', async () => {
      proxy.upCuts.set(SYNC, 700);
      await phone.openDoor(doors[only]);
      await phone.checkDoor('absent');
      await phone.syncNow();
      await phone.waitOnlyHere(0);
    });

    await step('an answer cut in the middle: it asks again, and nothing is counted twice', async () => {
      const before = proxy.requests.length;
      proxy.cuts.set(SYNC, { after: 420, when: Promise.resolve() });
      await phone.openDoor(doors[only + 1]);
      await phone.checkDoor('absent');
      await phone.syncNow();
      await phone.waitOnlyHere(0);
      assert.ok(proxy.requests.length > before + 1);
    });
  } finally {
    await stage.clear();
    await proxy.stop();
  }
});
