// Who sees what at the desk: the secretary everything, and each look at somebody's care is written
// down; an auditor who saw whom, and nothing else of them; an inspector figures and doors without
// names. And where oneself is signed in.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Desk } from './desk.mjs';
import { DESK, Stage, picture } from './stage.mjs';

const COMMUNITY = '410102002005';

test('each role gets its own desk, and who looked at whom can be asked', { timeout: 300_000 }, async () => {
  const stage = await Stage.set();
  const { server } = stage;
  try {
    await server.start();
    const logins = await server.logins();
    const add = async (account, name, role) => {
      const { stdout } = await server.command('account', 'add', account, '--community', COMMUNITY, '--name', name, '--role', role);
      return stdout.trim().split(' ').at(-1);
    };
    const auditor = await add('audit', '方正', 'auditor');
    const inspector = await add('watch', '贺明', 'inspector');

    const secretary = new Desk(await stage.browser(DESK), server.address.http);
    await secretary.open('secretary', logins.get('secretary'));
    await secretary.go('visits');
    const visited = await secretary.id('visit-row').first().getAttribute('data-name');
    await secretary.go('doors');
    const named = await secretary.page.locator('[data-testid="door-row"]').first().innerText();
    await secretary.id('who').click();
    await secretary.id('session-row').first().waitFor();
    await picture(secretary.page, 'desk-sessions');

    const audit = new Desk(await stage.browser(DESK), server.address.http);
    await audit.open('audit', auditor);
    for (const page of ['doors', 'visits', 'records', 'held', 'conflicts', 'duplicates']) {
      assert.equal(await audit.id(`menu-${page}`).count(), 0, page);
    }
    await audit.go('audit');
    await audit.id('audit-line').first().waitFor();
    await picture(audit.page, 'desk-audit');
    await audit.id('audit-name').fill(visited);
    await audit.id('audit-search').click();
    const person = audit.id('audit-person').first();
    await person.waitFor();
    const text = await person.innerText();
    assert.match(text, /何/, 'the secretary, who looked');
    assert.ok(!text.includes(visited), 'the name is masked again');
    await picture(audit.page, 'desk-audit-person');
    // An address typed by hand leads nowhere either.
    await audit.page.goto(`${server.address.http}/desk/#/visits`);
    await audit.id('not-yours').waitFor();
    await picture(audit.page, 'desk-not-yours');

    const watch = new Desk(await stage.browser(DESK), server.address.http);
    await watch.open('watch', inspector);
    await watch.go('overview');
    await watch.id('wall-cell').first().waitFor();
    await picture(watch.page, 'desk-overview-inspector');
    await watch.go('doors');
    const masked = await watch.page.locator('[data-testid="door-row"]').first().innerText();
    assert.notEqual(masked, named);
    assert.match(masked, /\*/);
    assert.equal(await watch.id('export-xlsx').count(), 0);
    await picture(watch.page, 'desk-doors-inspector');
    await stage.close();
  } finally {
    await stage.clear();
  }
});
