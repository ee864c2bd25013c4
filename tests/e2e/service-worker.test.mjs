// The built service worker in a real browser, against a server that does what networks do:
// vanish, redirect, and answer everything with a portal's page. Needs web-client/dist.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

const { chromium } = createRequire(new URL('../../web-client/package.json', import.meta.url))('playwright-core');
const dist = new URL('../../web-client/dist/', import.meta.url);
const types = { html: 'text/html', js: 'text/javascript', css: 'text/css', wasm: 'application/wasm', svg: 'image/svg+xml', png: 'image/png', webmanifest: 'application/manifest+json' };

let files;
let mode = 'right';
let server;
let port = 0;
let profile;
let context;

before(async () => {
  const { files: stored } = JSON.parse(await readFile(new URL('.vite/precache.json', dist), 'utf8'));
  const paths = ['/sw.js', '/desk/index.html', ...stored.map((file) => file.url)];
  files = new Map(await Promise.all(paths.map(async (path) => [path, await readFile(new URL(`.${path}`, dist))])));
  profile = await mkdtemp(join(tmpdir(), 'menpai-sw-'));
  await startServer();
  await startBrowser();
});

after(async () => {
  await context?.close();
  await stopServer();
  await rm(profile, { recursive: true, force: true });
});

function startServer() {
  server = createServer((request, response) => {
    const path = new URL(request.url, 'http://x').pathname;
    if (mode === 'redirect') return response.writeHead(302, { location: '/portal' }).end();
    if (mode === 'empty') return response.writeHead(200).end();
    if (mode === 'login') return response.writeHead(511, { 'content-type': 'text/html' }).end('<title>portal</title>');
    if (mode === 'portal' && path !== '/sw.js') return response.writeHead(200, { 'content-type': 'text/html' }).end('<title>portal</title>');
    const body = files.get(path === '/' ? '/index.html' : path === '/desk/' ? '/desk/index.html' : path);
    if (!body) return response.writeHead(404).end();
    response.writeHead(200, { 'content-type': types[path.split('.').pop()] ?? 'text/html', 'cache-control': 'no-cache' }).end(body);
  });
  return new Promise((resolve) => server.listen(port, '127.0.0.1', () => { port = server.address().port; resolve(); }));
}

function stopServer() {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(resolve));
}

async function startBrowser() {
  context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
}

async function open(path = '/') {
  const page = context.pages()[0] ?? await context.newPage();
  await page.goto(`http://127.0.0.1:${port}${path}`);
  return page;
}

/** A later build: the start page differs, and the service worker lists it by its new hash. */
function deploy(title) {
  const hash = (bytes) => `sha256-${createHash('sha256').update(bytes).digest('base64')}`;
  const former = files.get('/index.html');
  const page = Buffer.from(former.toString().replace(/<title>.*<\/title>/, `<title>${title}</title>`));
  const worker = files.get('/sw.js').toString()
    .replace(hash(former), hash(page))
    .replace(/version:([`"'])[^`"']*\1/, `version:"${title}"`);
  files.set('/index.html', page);
  files.set('/sw.js', Buffer.from(worker));
}

const register = (page) => page.evaluate(async () => {
  await navigator.serviceWorker.register('/sw.js', { updateViaCache: 'none' });
  await navigator.serviceWorker.ready;
  if (!navigator.serviceWorker.controller) await new Promise((done) => navigator.serviceWorker.addEventListener('controllerchange', done, { once: true }));
});

/** Asks for a new version and tells how its installation ended: installed, redundant or none. */
const update = (page) => page.evaluate(async () => {
  const registration = await navigator.serviceWorker.ready;
  try {
    await registration.update();
  } catch {
    return 'refused';
  }
  const worker = registration.installing;
  if (!worker) return registration.waiting ? 'installed' : 'none';
  return new Promise((done) => worker.addEventListener('statechange', () => {
    if (['installed', 'redundant'].includes(worker.state)) done(worker.state);
  }));
});

test('the app starts cold with the server down', async () => {
  await register(await open());
  await context.close();
  await stopServer();
  await startBrowser();
  const page = await open('/doors/12');
  assert.equal(await page.locator('#app').count(), 1);
  await page.waitForFunction(() => document.querySelector('#app').childElementCount > 0);
  for (const path of ['/desk/', '/api/v1/anything']) {
    const failed = await page.evaluate((url) => fetch(url).then(() => 'answered', () => 'failed'), path);
    assert.equal(failed, 'failed', `${path} must not be answered from the cache`);
  }
  const desk = await context.newPage();
  await assert.rejects(desk.goto(`http://127.0.0.1:${port}/desk/`), /ERR_CONNECTION_REFUSED/);
  await desk.close();
  await startServer();
});

test('a portal or a redirect never gets into the cache', async () => {
  const page = await open();
  deploy('second');
  mode = 'portal';
  assert.equal(await update(page), 'redundant');
  for (mode of ['redirect', 'empty', 'login']) assert.notEqual(await update(page), 'installed', mode);
  const again = await open();
  assert.notEqual(await again.title(), 'portal');
  assert.notEqual(await again.title(), 'second');
  mode = 'right';
});

test('a new version waits until the page asks, then is the only one kept', async () => {
  const page = await open();
  const before = await page.title();
  assert.equal(await update(page), 'installed');
  await page.reload();
  assert.equal(await page.title(), before);
  assert.equal((await page.evaluate(() => caches.keys())).length, 2);
  await page.evaluate(async () => {
    const registration = await navigator.serviceWorker.ready;
    const taken = new Promise((done) => navigator.serviceWorker.addEventListener('controllerchange', done, { once: true }));
    registration.waiting.postMessage('take-over');
    await taken;
  });
  await page.reload();
  assert.equal(await page.title(), 'second');
  await page.waitForFunction(async () => (await caches.keys()).length === 1);
});
