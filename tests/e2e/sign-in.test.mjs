// A new secretary's way in, over TLS with the office's own authority: a password is not enough for who may
// manage staff. An authenticator app, then a passkey, each used, each refused where it must be; the proof
// before a list is taken along; a passkey that was removed opens nothing. By a bare address there are no
// passkeys, and the page says so.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { digits, plugIn } from './authenticator.mjs';
import { Desk } from './desk.mjs';
import { DESK, Stage, picture } from './stage.mjs';
import { trust } from './trusted.mjs';

const COMMUNITY = '410102002005';

/** Fills in the sign-in page's first step. */
async function password(desk, account, secret) {
  await desk.page.locator('[name="account"]').fill(account);
  await desk.page.locator('[name="password"]').fill(secret);
  await desk.id('sign-in-submit').click();
}

async function code(desk, typed) {
  await desk.page.locator('[name="code"]').fill(typed);
  await desk.id('sign-in-submit').click();
}

async function refused(desk, sentence) {
  await desk.id('sign-in-error').getByText(sentence).waitFor();
}

async function leave(desk) {
  await desk.id('sign-out').click();
  await desk.id('sign-in').waitFor();
}

test('an authenticator app and a passkey, set up and used', { timeout: 300_000 }, async () => {
  const stage = await Stage.set();
  const { server } = stage;
  const home = await mkdtemp(join(tmpdir(), 'menpai-home-'));
  try {
    await server.start();
    await trust(home, server.data);
    const { stdout } = await server.command('account', 'add', 'fang', '--community', COMMUNITY, '--name', '方正', '--role', 'community_secretary');
    const secret = stdout.trim().split(' ').at(-1);
    const origin = server.address.https.replace('127.0.0.1', 'localhost');

    // By a bare address: the app, not the passkey.
    const desk = new Desk(await stage.browser({ ...DESK, home }), origin);
    desk.page = await desk.browser.open();
    await desk.page.goto(`${server.address.https}/desk/`);
    await password(desk, 'fang', secret);
    await desk.id('set-up-first').waitFor();
    await desk.id('passkeys-elsewhere').waitFor();
    assert.equal(await desk.id('who').count(), 0, 'nothing of the desk is open yet');
    await picture(desk.page, 'desk-sign-in-first');
    await desk.id('code-begin').click();
    const shown = (await desk.id('code-secret').innerText()).trim();
    const scanned = await desk.id('qr-code').getAttribute('data-text');
    assert.equal(new URL(scanned).searchParams.get('secret'), shown.replaceAll(' ', ''), 'the code holds what can be typed');
    await picture(desk.page, 'desk-sign-in-app');
    await desk.id('code-first').fill('000000');
    await desk.id('code-finish').click();
    await desk.id('mine-error').waitFor();
    const first = digits(shown);
    await desk.id('code-first').fill(first);
    await desk.id('code-finish').click();
    await desk.id('recovery-code').first().waitFor();
    const recovery = await desk.id('recovery-code').allInnerTexts();
    assert.equal(recovery.length, 10);
    await picture(desk.page, 'desk-sign-in-recovery');
    await desk.id('recovery-kept').click();
    await desk.id('who').waitFor();
    await leave(desk);

    // Now it is asked for, and taken once.
    await desk.page.goto(`${origin}/desk/`);
    await password(desk, 'fang', secret);
    await desk.page.locator('[name="code"]').waitFor();
    await code(desk, first);
    await refused(desk, '验证码不正确');
    await picture(desk.page, 'desk-sign-in-wrong-code');
    const next = digits(shown, 1);
    await code(desk, next);
    await desk.id('who').waitFor();
    await leave(desk);
    await password(desk, 'fang', secret);
    await code(desk, next);
    await refused(desk, '或者已经用过');
    await code(desk, recovery[0]);
    await desk.id('who').click();
    await desk.page.locator('[data-testid="recovery-left"]', { hasText: '9' }).waitFor();

    // A passkey, by the server's name.
    const key = await plugIn(desk.page);
    await desk.id('passkey-add').click();
    await desk.id('passkey-name').fill('办公室电脑');
    await desk.id('passkey-make').click();
    await desk.id('passkey').getByText('办公室电脑').waitFor();
    assert.equal((await key.credentials()).length, 1);
    await picture(desk.page, 'desk-sign-in-mine');
    await leave(desk);
    await desk.id('sign-in-passkey').click();
    await desk.id('who').waitFor();
    assert.match(await desk.id('who').innerText(), /方正/);
    await leave(desk);
    // Whoever holds the key without its PIN does not come in.
    await key.verified(false);
    await desk.id('sign-in-passkey').click();
    await desk.page.locator('[data-testid="sign-in-passkey"]:not([disabled])').waitFor();
    assert.equal(await desk.id('who').count(), 0);
    await key.verified(true);
    await desk.id('sign-in-passkey').click();
    await desk.id('who').waitFor();

    // Ten minutes later a list is not taken along without another proof.
    await server.stop('SIGTERM');
    await server.forgetProofs();
    await server.start();
    await desk.go('records');
    await desk.id('export-csv').click();
    await desk.id('proof').waitFor();
    await picture(desk.page, 'desk-proof');
    const download = desk.page.waitForEvent('download');
    await desk.id('proof-passkey').click();
    await download;

    // Removed, it opens nothing.
    await desk.id('who').click();
    await desk.id('passkey-remove').click();
    await desk.id('passkey-remove').click();
    await desk.id('passkey').waitFor({ state: 'detached' });
    await leave(desk);
    await desk.id('sign-in-passkey').click();
    await refused(desk, '这个通行密钥在这里不能用');

    // Everything lost: the server's own command, and it begins anew.
    await server.command('account', 'reset-second-factor', 'fang');
    await password(desk, 'fang', secret);
    await desk.id('set-up-first').waitFor();
    await stage.close();
  } finally {
    await stage.clear();
    await rm(home, { recursive: true, force: true });
  }
});
