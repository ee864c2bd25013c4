// A worker's day without signal: Today names who is to be visited, the visit is recorded there and
// moves to what is done, a tap too many is undone, and the desk has all of it afterwards.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Desk } from './desk.mjs';
import { Phone } from './phone.mjs';
import { DESK, Stage } from './stage.mjs';
import { told } from './story.mjs';

const COMMUNITY = '410102002005';

test('a visit that is due is made without signal, and one tap too many is undone', { timeout: 600_000 }, async (context) => {
  const step = told(context);
  const started = Date.now();
  const stage = await Stage.set();
  const { server } = stage;
  try {
    const browser = await stage.browser();
    const desk = await stage.browser(DESK);
    await server.command('nightly');
    await server.start();
    const origin = server.address.http;
    const logins = await server.logins();
    const anna = new Phone(browser, origin);
    await anna.open();
    await anna.enrol(logins.get('grid1a'));
    await anna.readyForOffline();
    await server.stop('SIGKILL');

    let subject = null;
    let before = null;
    await step('offline, Today names who is to be visited and what is left', async () => {
      await anna.page.reload();
      await anna.today();
      before = await anna.left();
      assert.ok(before.visits > 0 && before.doors > 0, JSON.stringify(before));
      subject = await anna.firstVisit();
      assert.ok(subject);
      assert.equal(await anna.page.locator(`[data-testid="due-visit"][data-subject="${subject}"]`).count(), 1);
      const listed = await anna.id('night').innerText();
      assert.match(listed, /^服务器 .*的名单（全网格）：逾期 \d+ 项，今天到期 \d+ 项$/);
      const [, overdue, due] = /逾期 (\d+) 项，今天到期 (\d+)/.exec(listed).map(Number);
      assert.ok(overdue + due >= before.visits, `${listed} beside ${before.visits} visits`);
    });

    await step('nobody there, in one tap: written down, still due, behind the others', async () => {
      await anna.id('quick-missed').click();
      await anna.id('snackbar').getByText('已保存').waitFor();
      const tried = anna.page.locator(`[data-testid="due-visit"][data-subject="${subject}"] [data-testid="tried"]`);
      await tried.waitFor({ state: 'attached' });
      assert.notEqual(await anna.firstVisit(), subject);
      assert.deepEqual(await anna.left(), before);
    });

    await step('it was a tap too many: 撤销 takes it back by another record', async () => {
      await anna.id('undo').click();
      await anna.page.locator('[data-testid="snackbar"][data-undone]').waitFor();
      await anna.page.waitForFunction((who) => document.querySelector('[data-testid="due-visit"]')?.dataset.subject === who, subject);
      assert.equal(await anna.page.locator(`[data-testid="due-visit"][data-subject="${subject}"] [data-testid="tried"]`).count(), 0);
      assert.equal(await anna.onlyHere(), 2);
    });

    await step('the visit is recorded and moves to what is done at once', async () => {
      await anna.today();
      await anna.id('begin-visit').first().click();
      await anna.fillVisit({ met: 'met', contact: 'self', mood: 'ok', note: '气色不错' });
      await anna.id('today-hero').waitFor();
      await anna.page.waitForFunction((visits) => Number(document.querySelector('[data-testid="today-hero"]')?.dataset.visits) === visits, before.visits - 1);
      assert.equal(await anna.page.locator(`[data-testid="due-visit"][data-subject="${subject}"]`).count(), 0);
      await anna.id('done-today').locator('summary').click();
      const done = await anna.id('done-today').getByTestId('record-row').evaluateAll((rows) => rows.map((row) => `${row.dataset.kind} ${row.dataset.rung}`));
      assert.deepEqual(done, ['care_visit on_phone']);
      assert.match(await anna.id('night').innerText(), /其中 1 项手机上有新的联系$/);
    });

    await step('with signal it arrives, and the desk shows the visit', async () => {
      await server.start();
      await anna.syncNow();
      await anna.waitOnlyHere(0);
      const secretary = new Desk(desk, origin);
      await secretary.open('secretary', logins.get('secretary'));
      await secretary.go('records');
      const { page } = secretary;
      await page.locator('[data-testid="record-row"][data-kind="care_visit"][data-rung="merged"]').first().waitFor();
    });

    await step('the typed view has both visits, the first of them withdrawn', async () => {
      await browser.close();
      await desk.close();
      await server.stop('SIGTERM');
      const visits = await server.view('care_visit', COMMUNITY);
      assert.deepEqual(
        visits.filter(({ made_ms }) => made_ms > started).map(({ subject_id, met, retracted }) => [subject_id, met, retracted]).sort(),
        [[subject, 'met', 0], [subject, 'not_home', 1]],
      );
    });
  } finally {
    await stage.clear();
  }
});
