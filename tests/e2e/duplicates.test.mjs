// A door and a person that exist twice: the secretary sees both side by side, merges them, looks
// at the one door that is left, parts them again, and says that two people are two.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { Desk } from './desk.mjs';
import { DESK, Stage, picture } from './stage.mjs';

const COMMUNITY = '410102002005';
const binary = process.env.MENPAI_BIN ?? fileURLToPath(new URL('../../target/debug/menpai', import.meta.url));

test('what exists twice is merged at the desk, and parted again', { timeout: 240_000 }, async (context) => {
  const stage = await Stage.set();
  const { server } = stage;
  try {
    const { stdout } = await promisify(execFile)(join(dirname(binary), 'twin'), [server.data, COMMUNITY]);
    const door = stdout.trim();
    await server.start();
    const logins = await server.logins();
    const desk = new Desk(await stage.browser(DESK), server.address.http);
    await desk.open('secretary', logins.get('secretary'));
    const rows = (type) => desk.page.locator(`[data-testid="duplicate-row"][data-type="${type}"]`);

    context.diagnostic('both are there, the menu says how many');
    await desk.go('duplicates');
    await rows('dwelling').first().click();
    await desk.id('twin').nth(1).waitFor();
    const waiting = () => desk.id('menu-duplicates').locator('sup').innerText().then(Number);
    const before = await waiting();
    assert.ok(before >= 2, String(before));
    await picture(desk.page, 'desk-duplicates');

    context.diagnostic('merged: one door, and one pair less');
    await desk.page.locator(`[data-testid="twin"][data-id="${door}"]`).getByTestId('keep-twin').click();
    await desk.id('said').getByText('已合并').waitFor();
    await desk.id('merged-row').first().waitFor();
    assert.equal(await rows('dwelling').count(), 0);
    await picture(desk.page, 'desk-duplicates-merged');

    context.diagnostic('parted: offered again');
    await desk.id('undo-merge').first().click();
    await desk.id('said').getByText('已分开').waitFor();
    await rows('dwelling').first().waitFor();

    context.diagnostic('two people of one name are two');
    await rows('person').first().click();
    await desk.id('distinguish').click();
    await desk.id('distinguished-row').first().waitFor();
    assert.equal(await rows('person').count(), 0);
    await desk.id('undo-distinguish').first().click();
    await rows('person').first().waitFor();
  } finally {
    await stage.clear();
  }
});
