// A phone comes in: the secretary shows a code, the phone's camera opens its address, both show the same six digits,
// and only when she has said so does the phone show any door. What it has not sent survives being enrolled again.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Desk } from './desk.mjs';
import { Phone } from './phone.mjs';
import { DESK, Stage } from './stage.mjs';

const row = (desk, name) => desk.page.locator(`[data-testid="staff-row"][data-name="${name}"]`);

/** The digits that a screen shows, once it does. */
async function digits(shown, attribute) {
  await shown.waitFor();
  return shown.getAttribute(attribute);
}

test('a phone is enrolled by code and six digits, stopped, and enrolled again with its unsent work', { timeout: 300_000 }, async () => {
  const stage = await Stage.set();
  const { server } = stage;
  try {
    await server.start();
    const logins = await server.logins();
    const desk = new Desk(await stage.browser(DESK), server.address.http);
    await desk.open('secretary', logins.get('secretary'));
    await desk.go('staff');
    const name = '刘敏';
    const invite = async () => {
      await row(desk, name).getByTestId('staff-invite').click();
      return row(desk, name).getByTestId('invitation');
    };

    const first = await invite();
    await first.waitFor();
    const address = await first.getByTestId('invitation-qr').getAttribute('data-address');
    const code = await first.getAttribute('data-code');
    assert.ok(address.endsWith(`/#/enrol/${code}`), 'the code is in the fragment, which no server sees');
    const phone = new Phone(await stage.browser(), server.address.http);
    await phone.open(`#/enrol/${code}`);
    const onPhone = await digits(phone.id('enrol-compare'), 'data-digits');
    assert.ok(!phone.page.url().includes(code), 'it is in no history');
    await row(desk, name).locator('[data-testid="invitation"][data-state="shown"]').waitFor();
    assert.equal(await digits(first, 'data-comparison'), onPhone);
    assert.equal(await phone.id('building-row').count(), 0, 'nobody has confirmed yet');
    await first.getByTestId('invitation-confirm').click();
    await phone.id('building-row').first().waitFor({ timeout: 120_000 });
    await row(desk, name).locator('[data-testid="invitation"][data-state="confirmed"]').waitFor();

    // It is replaced by mistake, with something recorded that nobody else has.
    await phone.page.context().setOffline(true);
    const cells = await phone.openBuilding(0);
    await phone.openDoor(cells[0]);
    await phone.checkDoor('met');
    await phone.waitOnlyHere(1);
    await row(desk, name).getByTestId('invitation-close').click();
    const devices = row(desk, name).locator('[data-testid="staff-phone"][data-stopped="false"]');
    await devices.first().getByTestId('staff-stop').click();
    await desk.id('staff-stop-replaced').click();
    await row(desk, name).locator('[data-testid="staff-phone"][data-stopped="true"]').waitFor();
    await phone.page.context().setOffline(false);
    const second = await invite();
    await second.waitFor();
    await phone.page.goto(`${server.address.http}/#/enrol`);
    await phone.id('enrol-form').locator('[name="code"]').fill(await second.getAttribute('data-code'));
    await phone.id('enrol-submit').click();
    await row(desk, name).locator('[data-testid="invitation"][data-state="shown"]').waitFor();
    assert.equal(await digits(second, 'data-comparison'), await digits(phone.id('enrol-compare'), 'data-digits'));
    await second.getByTestId('invitation-confirm').click();
    await phone.id('building-row').first().waitFor({ timeout: 120_000 });
    await phone.waitOnlyHere(0);
    await stage.close();
  } finally {
    await stage.clear();
  }
});
