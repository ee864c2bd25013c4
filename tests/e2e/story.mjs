// The story of the product: what was recorded without signal, in front of doors, is on the
// secretary's desk, whatever was killed in between. Told over plain http and over TLS.

import assert from 'node:assert/strict';

import { Desk } from './desk.mjs';
import { Phone } from './phone.mjs';
import { DESK, Stage } from './stage.mjs';

const COMMUNITY = '410102002005';
const OUTCOMES = ['met', 'absent', 'refused', 'met', 'empty', 'moved', 'not_found', 'not_home_short', 'met', 'met'];

/** Tells the story; `scheme` is http or https, `home` a home folder that trusts the authority. */
export async function tell({ scheme, prepare = async () => null, step }) {
  const stage = await Stage.set();
  const { server } = stage;
  try {
    await server.start();
    const home = await prepare(server);
    const origin = server.address[scheme];
    const logins = await server.logins();
    await server.stop('SIGTERM');
    const subjects = await chooseSubjects(server);
    await server.start();

    await step('two workers of one grid sign in', async () => {});
    const anna = new Phone(await stage.browser({ home }), origin);
    await anna.open();
    await anna.enrol(logins.get('grid1a'));
    await anna.readyForOffline();
    const bo = new Phone(await stage.browser({ home }), origin);
    await bo.open();
    await bo.enrol(logins.get('grid1b'));
    await bo.readyForOffline();
    await bo.browser.close();

    await step('the server is killed, the browser restarted without it', async () => {
      await anna.browser.close();
      await server.stop('SIGKILL');
      await anna.open();
      await anna.id('building-row').first().waitFor();
    });

    const checks = [];
    await step('10 door checks, 2 elder visits, 1 corrected phone number', async () => {
      const doors = await anna.openBuilding(0);
      for (const [index, outcome] of OUTCOMES.entries()) {
        const dwelling = doors[index];
        const diary = index === 0 ? '楼道灯不亮，已告诉物业' : '';
        if (index > 0) await anna.openBuilding(0);
        await anna.openDoorFromMatrix(dwelling);
        await anna.checkDoor(outcome, diary);
        checks.push({ dwelling_id: dwelling, outcome, diary: diary || null, mode: 'door' });
      }
      for (const [index, { dwelling }] of subjects.elders.entries()) {
        await anna.openDoor(dwelling);
        await anna.visit({ met: 'met', contact: 'self', mood: index === 0 ? 'watch' : 'ok', note: `第${index + 1}位，精神还好` });
      }
      await anna.openDoor(subjects.person.dwelling);
      await anna.correctPhone('19900009001', 'asked_in_person');
      assert.equal(await anna.onlyHere(), 13);
    });

    await step('the browser is killed and started again: all there', async () => {
      await anna.browser.kill();
      await anna.open('#/sync');
      await anna.waitOnlyHere(13);
      const own = await anna.ownRecords();
      assert.equal(own.length, 13);
      assert.ok(own.every((row) => row.rung === 'on_phone'), JSON.stringify(own));
      await anna.browser.close();
    });

    await step('the server starts; the second phone of the grid sends its own', async () => {
      await server.start();
      await bo.open();
      const doors = await bo.openBuilding(0);
      await bo.openDoorFromMatrix(doors[11]);
      await bo.checkDoor('absent');
      await bo.openDoor(subjects.person.dwelling);
      await bo.correctPhone('19900009002', 'phone_call');
      await bo.waitOnlyHere(0);
      checks.push({ dwelling_id: doors[11], outcome: 'absent', diary: null, mode: 'door' });
    });

    await step('the first phone sends everything by itself', async () => {
      await anna.open();
      await anna.waitOnlyHere(0);
      await bo.syncNow();
      await anna.syncNow();
    });

    /** What the second phone says of both values: who, when. */
    let written;
    await step("each shows the other's, and the field both changed shows two values", async () => {
      for (const [phone, other] of [[anna, checks[10]], [bo, checks[1]]]) {
        await phone.openDoor(other.dwelling_id);
        await phone.page.locator('[data-testid="door-state"][data-status="absent"]').waitFor();
        await phone.openDoor(subjects.person.dwelling);
        await phone.id('conflict-value').nth(1).waitFor();
        const values = await phone.id('conflict-value').evaluateAll((items) => items.map((item) => item.dataset.value).sort());
        assert.deepEqual(values, ['19900009001', '19900009002']);
        written = (await phone.id('conflict-value').allInnerTexts()).sort();
      }
    });

    const secretary = new Desk(await stage.browser({ ...DESK, home }), origin);
    await step('the desk shows all of it', async () => {
      await secretary.open('secretary', logins.get('secretary'));
      await secretary.go('records');
      const { page } = secretary;
      await page.getByTestId('records').waitFor();
      const kindsShown = () => page.getByTestId('record-row').evaluateAll((rows) => rows.map((row) => `${row.dataset.kind} ${row.dataset.rung}`));
      await page.waitForFunction(() => document.querySelectorAll('[data-testid="record-row"]').length >= 15);
      const shown = await kindsShown();
      const count = (what) => shown.filter((row) => row === what).length;
      assert.equal(count('door_check merged'), 11);
      assert.equal(count('care_visit merged'), 2);
      assert.ok(count('edit merged') >= 2);
      await page.getByTestId('menu-conflicts').click();
      await page.getByTestId('conflict-row').first().click();
      const values = await page.getByTestId('conflict-value').evaluateAll((items) => items.map((item) => item.dataset.value).sort());
      assert.deepEqual(values, ['19900009001', '19900009002']);
    });

    await step('the secretary decides: first a slip, which is refused and kept, then one of the two', async () => {
      const { page } = secretary;
      await page.getByTestId('other-input').fill('1990000');
      await page.getByTestId('decide-other').click();
      await page.getByTestId('decision-failed').getByText('11 位手机号').waitFor();
      assert.equal(await page.getByTestId('other-input').inputValue(), '1990000');
      await page.getByTestId('decision-note').fill('打过电话，是这个');
      await page.locator('[data-testid="conflict-value"][data-value="19900009002"]').getByTestId('choose-value').click();
      await page.locator('[data-testid="decided"][data-well="true"]').getByText('19900009002').waitFor();
      await page.getByTestId('state-empty').waitFor();
    });

    await step('she takes it back: a phone shows both again, each with its author; then she decides anew', async () => {
      const { page } = secretary;
      await page.getByTestId('undo-decision').first().click();
      await page.locator('[data-testid="decided"][data-well="true"]').getByText('已撤回').waitFor();
      await page.getByTestId('conflict-value').nth(1).waitFor();
      await bo.syncNow();
      await bo.openDoor(subjects.person.dwelling);
      await bo.id('conflict-value').nth(1).waitFor();
      const again = await bo.id('conflict-value').evaluateAll((items) => items.map((item) => item.dataset.value).sort());
      assert.deepEqual(again, ['19900009001', '19900009002']);
      assert.deepEqual((await bo.id('conflict-value').allInnerTexts()).sort(), written);
      await page.locator('[data-testid="conflict-value"][data-value="19900009002"]').getByTestId('choose-value').click();
      await page.locator('[data-testid="decided"][data-well="true"]').getByText('定为“19900009002”').waitFor();
      await page.getByTestId('state-empty').waitFor();
      await secretary.go('records');
      await page.getByTestId('record-row').first().getByText('19900009002').waitFor();
      await secretary.browser.close();
    });

    await step('both phones show the one value, and no conflict', async () => {
      for (const phone of [anna, bo]) {
        await phone.syncNow();
        await phone.openDoor(subjects.person.dwelling);
        await phone.id('phone-number').getByText('19900009002').waitFor();
        await phone.id('conflict').waitFor({ state: 'detached' });
      }
    });

    await step('the typed views hold the exact values', async () => {
      await stage.close();
      await server.stop('SIGKILL');
      const rows = await server.view('door_check', COMMUNITY);
      const bare = ({ dwelling_id, outcome, diary, mode }) => ({ dwelling_id, outcome, diary, mode });
      const sorted = (list) => list.map(bare).sort((a, b) => a.dwelling_id.localeCompare(b.dwelling_id));
      assert.deepEqual(sorted(rows), sorted(checks));
      const visits = await server.view('care_visit', COMMUNITY);
      assert.deepEqual(
        visits.map(({ subject_id, met, contact_person, health_mood, note }) => ({ subject_id, met, contact_person, health_mood, note })).sort((a, b) => a.note.localeCompare(b.note)),
        subjects.elders.map(({ person }, index) => ({
          subject_id: person, met: 'met', contact_person: 'self', health_mood: index === 0 ? 'watch' : 'ok', note: `第${index + 1}位，精神还好`,
        })),
      );
      const { stdout } = await server.command('verify');
      assert.match(stdout, /\S/);
    });
  } finally {
    await stage.clear();
  }
}

/** Names each step as it is taken; the first that fails ends the story. */
export function told(context) {
  return async (name, act) => {
    context.diagnostic(name);
    try {
      await act();
    } catch (error) {
      throw new Error(`at "${name}": ${error.message}`, { cause: error });
    }
  };
}

/** Two elders with a plan and one person with a phone number, each behind a door of the first grid. */
async function chooseSubjects(server) {
  const [persons, households, dwellings, plans, places] = await Promise.all(
    ['person', 'household', 'dwelling', 'care_plan', 'place'].map((name) => server.view(name, COMMUNITY)),
  );
  const grid = places.find((place) => place.name === '第1网格').id;
  const dwellingOf = (person) => {
    const household = households.find((one) => one.id === person.household_id);
    return dwellings.find((one) => one.id === household?.dwelling_id);
  };
  const here = persons
    .map((person) => ({ person: person.id, phone: person.phone, name: person.name, home: dwellingOf(person) }))
    .filter(({ home }) => home?.grid === grid)
    .map(({ home, ...rest }) => ({ ...rest, dwelling: home.id }));
  const alone = here.filter(({ dwelling }) => here.filter((other) => other.dwelling === dwelling).length === 1);
  const elders = alone.filter(({ person }) => plans.some((plan) => plan.subject_id === person)).slice(0, 2);
  const person = alone.find((one) => one.phone && !elders.includes(one));
  assert.equal(elders.length, 2);
  assert.ok(person);
  return { elders, person };
}
