// What a worker recorded without signal after the office had ended their role is kept and does not
// count: the phone says so and why, the secretary releases one and sets the other aside, and the
// phone says what became of them.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { Desk } from './desk.mjs';
import { Phone } from './phone.mjs';
import { DESK, Stage, picture } from './stage.mjs';

const COMMUNITY = '410102002005';
const binary = process.env.MENPAI_BIN ?? fileURLToPath(new URL('../../target/debug/menpai', import.meta.url));

test('what may not be merged waits for the secretary, and its worker is told', { timeout: 300_000 }, async () => {
  const stage = await Stage.set();
  const { server } = stage;
  try {
    await server.start();
    const logins = await server.logins();
    const phone = new Phone(await stage.browser(), server.address.http);
    await phone.open();
    await phone.enrol(logins.get('grid1a'));
    const cells = await phone.openBuilding(0);
    await server.stop('SIGKILL');
    await promisify(execFile)(join(dirname(binary), 'end_role'), [server.data, COMMUNITY, 'grid1a']);
    for (const cell of cells.slice(0, 2)) {
      await phone.openDoor(cell);
      await phone.checkDoor('met', '楼道灯不亮');
    }
    await server.start();
    await phone.syncNow();
    await phone.waitOnlyHere(0);
    const rungs = () => phone.ownRecords().then((rows) => rows.map((row) => row.rung).sort());
    assert.deepEqual(await rungs(), ['held', 'held']);
    await phone.id('held').click();
    await picture(phone.page, 'phone-held');

    const desk = new Desk(await stage.browser(DESK), server.address.http);
    await desk.open('secretary', logins.get('secretary'));
    await desk.go('held');
    await desk.id('held-detail').waitFor();
    assert.match(await desk.id('held-reason').innerText(), /不负责这个网格/);
    await picture(desk.page, 'desk-held');
    await desk.id('held-open-form').click();
    await desk.id('held-form').waitFor();
    await picture(desk.page, 'desk-held-form');
    const ended = async (way) => {
      const before = await desk.id('held-detail').getAttribute('data-entry');
      await desk.id(`held-${way}`).click();
      await desk.page.waitForFunction((entry) => document.querySelector('[data-testid="held-detail"]')?.dataset.entry !== entry, before);
    };
    await ended('release');
    await ended('set-aside');

    await phone.syncNow();
    await phone.page.waitForFunction(() => [...document.querySelectorAll('[data-testid="record-row"]')].every((row) => row.dataset.rung !== 'held'));
    assert.deepEqual(await rungs(), ['merged', 'set_aside']);
    await picture(phone.page, 'phone-decided');
  } finally {
    await stage.clear();
  }
});
