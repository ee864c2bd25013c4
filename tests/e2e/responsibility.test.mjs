// Who answers for a door: the secretary names people for it, some without an account, until each of five levels has
// one; an end leaves a gap that is listed. The grid's chief gets an account, sets a password and a second step of their own,
// and finds the own grid's people and nothing else. The street sees its communities side by side and opens one.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { digits } from './authenticator.mjs';
import { Desk } from './desk.mjs';
import { DESK, Stage, picture } from './stage.mjs';

const COMMUNITY = '410102002005';
const NEIGHBOUR = '410102002007';
const OWN = '一只猫坐在门口的台阶上';

const row = (desk, name) => desk.page.locator(`[data-testid="staff-row"][data-name="${name}"]`);

/** Names somebody new for a role, at a place below the grid where it is for one. */
async function name(desk, who, role, { grid, place, unit, room } = {}) {
  await desk.id('staff-add').click();
  await desk.id('staff-name').fill(who);
  await desk.select('staff-role', role);
  if (grid) await desk.select('staff-grid', grid);
  if (place) await desk.select('staff-place', place);
  if (unit) await desk.id('staff-unit').fill(unit);
  if (room) await desk.id('staff-room').fill(room);
  await picture(desk.page, `desk-name-${role}`);
  await desk.id('staff-give').click();
  await row(desk, who).waitFor();
}

const missing = (desk) => desk.page.locator('[data-testid="chain-rung"][data-missing="true"]').evaluateAll((rungs) => rungs.map((rung) => rung.dataset.level));

test('five levels answer for a door, a chief looks after a grid, a street sees both of its communities', { timeout: 300_000 }, async () => {
  const stage = await Stage.set();
  const { server } = stage;
  try {
    await server.start();
    const logins = await server.logins();
    const desk = new Desk(await stage.browser(DESK), server.address.http);
    await desk.open('secretary', logins.get('secretary'));

    await desk.go('doors');
    await desk.id('door-row').first().getByTestId('door-chain').click();
    await desk.id('chain-of-door').waitFor();
    // The demo has people for most doors; here is one of a building that has nobody.
    const ask = (path) => desk.page.evaluate(async (path) => (await fetch(`/api/v1/desk/${path}`)).json(), path);
    const { gaps } = await ask('chain');
    const { building } = gaps.find((gap) => gap.level === 'building' && gap.building);
    const { doors } = await ask(`doors?building=${building.id}&campaign=all&limit=1`);
    const door = doors[0].id;
    await desk.page.goto(`${server.address.http}/desk/#/chain?door=${door}`);
    const asked = desk.page.waitForResponse((response) => response.url().includes(`/chain?door=${door}`));
    await desk.page.reload();
    const chain = await (await asked).json();
    await desk.id('chain-of-door').waitFor();
    const { address, grid } = chain.door;
    const place = [address.compound, address.building].filter(Boolean).join(' ');
    assert.ok((await missing(desk)).includes('building'));
    await picture(desk.page, 'desk-chain-gaps');

    await desk.go('staff');
    await name(desk, '郑凯', 'grid_chief', { grid: grid.name });
    await name(desk, '段誉', 'street_leader');
    await name(desk, '孙丽', 'building_head', { grid: grid.name, place });
    await name(desk, '高远', 'household_contact', { grid: grid.name, place, unit: address.unit, room: address.room });
    await picture(desk.page, 'desk-staff-places');
    await desk.page.goto(`${server.address.http}/desk/#/chain?door=${door}`);
    await desk.page.locator('[data-testid="chain-name"]', { hasText: '高远' }).waitFor();
    assert.deepEqual(await missing(desk), []);
    await picture(desk.page, 'desk-chain');

    await desk.go('staff');
    await row(desk, '孙丽').getByTestId('staff-end').click();
    await desk.id('staff-end-ordinary').click();
    await row(desk, '孙丽').locator('[data-testid="staff-held"][data-current="false"]').waitFor();
    await desk.page.goto(`${server.address.http}/desk/#/chain?door=${door}`);
    await desk.page.locator('[data-testid="chain-rung"][data-level="building"][data-missing="true"]').waitFor();
    assert.deepEqual(await missing(desk), ['building']);

    // The chief gets an account.
    await desk.go('staff');
    await row(desk, '郑凯').getByTestId('staff-account').click();
    await desk.id('account-name').fill('zhengkai');
    await desk.id('account-open').click();
    await desk.id('account-opened').waitFor();
    await picture(desk.page, 'desk-account-opened');
    const password = await desk.id('account-opened').getAttribute('data-password');
    const chief = new Desk(await stage.browser(DESK), server.address.http);
    chief.page = await chief.browser.open();
    await chief.page.goto(`${server.address.http}/desk/`);
    await chief.page.locator('[name="account"]').fill('zhengkai');
    await chief.page.locator('[name="password"]').fill(password);
    await chief.id('sign-in-submit').click();
    await chief.id('new-password').waitFor();
    await chief.id('new-password-first').fill(OWN);
    await picture(chief.page, 'desk-first-password');
    await chief.id('new-password-again').fill(OWN);
    await chief.id('new-password-set').click();
    await chief.id('set-up-first').waitFor();
    await chief.id('code-begin').click();
    await chief.id('code-first').fill(digits((await chief.id('code-secret').innerText()).trim()));
    await chief.id('code-finish').click();
    await chief.id('recovery-kept').click();
    await chief.id('staff-page').waitFor();
    await chief.id('staff-row').first().waitFor();
    await picture(chief.page, 'desk-staff-chief');
    for (const page of ['overview', 'doors', 'records', 'audit']) assert.equal(await chief.id(`menu-${page}`).count(), 0, page);
    assert.equal(await chief.id('staff-grant').count() + await chief.id('staff-end').count() + await chief.id('staff-stop').count(), 0);
    assert.equal(await row(chief, '何静').count(), 0, 'the secretary is none of the grid');
    await chief.page.getByTestId('staff-invite').first().click();
    await chief.id('invitation').waitFor();
    // And changes the password.
    await chief.id('who').click();
    await chief.id('password-change').click();
    await chief.id('new-password-first').fill(`${OWN}晒太阳`);
    await chief.id('new-password-again').fill(`${OWN}晒太阳`);
    await picture(chief.page, 'desk-own-password');
    await chief.id('new-password-set').click();
    await chief.id('password-set').waitFor();

    // A street of two communities.
    await server.command('community', 'found', NEIGHBOUR);
    const { stdout } = await server.command('account', 'add', 'luo', '--community', COMMUNITY, '--name', '罗静', '--role', 'street_staff');
    await server.command('account', 'role', 'luo', '--community', NEIGHBOUR, '--role', 'street_staff');
    const street = new Desk(await stage.browser(DESK), server.address.http);
    await street.open('luo', stdout.trim().split(' ').at(-1));
    await street.go('street');
    await street.id('street-community').first().waitFor();
    await picture(street.page, 'desk-street');
    assert.equal(await street.id('street-community').count(), 2);
    const before = await street.id('community').innerText();
    await street.page.locator(`[data-testid="street-community"][data-code="${NEIGHBOUR}"]`).getByTestId('street-open').click();
    await street.page.getByText('市场街社区').first().waitFor();
    assert.notEqual(await street.id('community').innerText(), before);
    await street.id('overview-page').waitFor();
    await picture(street.page, 'desk-street-elsewhere');
    await street.go('street');
    await street.page.locator(`[data-testid="street-community"][data-code="${COMMUNITY}"]`).getByTestId('street-open').click();
    await street.id('wall-cell').first().waitFor();
    assert.equal(await street.id('community').innerText(), before);
    await stage.close();
  } finally {
    await stage.clear();
  }
});
