// The phone app as its user sees it: page objects over roles and test ids, no inner state.

/** What everybody here chose. */
export const PIN = '283746';

export class Phone {
  /** the digits that are typed whenever they are asked for; null: a story types them itself */
  pin = PIN;

  constructor(browser, origin) {
    this.browser = browser;
    this.origin = origin;
  }

  async open(hash = '') {
    this.page = await this.browser.open();
    if (this.pin !== null) await this.page.context().addInitScript(typeWhenAsked, this.pin);
    await this.page.goto(`${this.origin}/${hash}`);
  }

  /** On the keys of the screen. */
  async typePin(pin) {
    await this.page.locator('[data-testid="pin-pad"]:not([data-busy]) [data-typed="0"]').waitFor();
    for (const digit of pin) await this.id(`pin-${digit}`).click();
  }

  id(name) {
    return this.page.getByTestId(name);
  }

  /** With a standing code: nobody compares. */
  async enrol(code) {
    await this.id('enrol-form').locator('[name="code"]').fill(code);
    await this.id('enrol-submit').click();
    await this.id('building-row').first().waitFor({ timeout: 120_000 });
  }

  /** Until the service worker holds everything that a start without network needs. */
  async readyForOffline() {
    await this.page.evaluate(async () => { await navigator.serviceWorker.ready; });
  }

  async today() {
    await this.page.goto(`${this.origin}/#/today`);
    await this.id('building-row').first().waitFor();
  }

  /** The buildings that Today lists, once there are so many of them. */
  async buildings(count) {
    await this.today();
    if (count !== undefined) {
      await this.page.waitForFunction((wanted) => document.querySelectorAll('[data-testid="building-row"]').length === wanted, count, { timeout: 60_000 });
    }
    return this.id('building-row').allInnerTexts();
  }

  /** What Today says is left: this worker's visits, doors of the sweep. */
  left() {
    return this.id('today-hero').evaluate(({ dataset }) => ({ visits: Number(dataset.visits), doors: Number(dataset.doors) }));
  }

  /** Whom Today sends the worker to first. */
  firstVisit() {
    return this.id('due-visit').first().getAttribute('data-subject');
  }

  /** From the list of buildings to the matrix of the n-th one. */
  async openBuilding(index) {
    await this.today();
    await this.id('building-row').nth(index).click();
    await this.id('door-matrix').waitFor();
    return this.id('door-cell').evaluateAll((cells) => cells.map((cell) => cell.dataset.dwelling));
  }

  /** Taps a door in the matrix, then 打开. */
  async openDoorFromMatrix(dwelling) {
    await this.page.locator(`[data-testid="door-cell"][data-dwelling="${dwelling}"]`).click();
    await this.id('open-door').click();
    await this.id('door-plate').waitFor();
  }

  async openDoor(dwelling) {
    await this.page.goto(`${this.origin}/#/door/${dwelling}`);
    await this.id('door-plate').waitFor();
  }

  async choose(field, value) {
    await this.page.locator(`[data-field="/${field}"] [data-value="${value}"]`).click();
  }

  /** One page on in the form, and until it is there. */
  async nextPage() {
    const before = await this.page.locator('[aria-current="step"]').innerText();
    await this.id('next-step').click();
    await this.page.waitForFunction((step) => document.querySelector('[aria-current="step"]')?.innerText !== step, before);
  }

  /** Through the form's pages to 保存, and until the phone says it is durable. */
  async save() {
    await this.id('record-form').waitFor();
    while (await this.id('next-step').count() > 0) await this.nextPage();
    await this.id('save').click();
    await this.id('snackbar').getByText('已保存').waitFor();
  }

  async checkDoor(outcome, diary) {
    await this.id('open-check').click();
    await this.choose('outcome', outcome);
    if (diary) await this.page.locator('[data-field="/diary"] textarea').fill(diary);
    await this.save();
  }

  async visit(answers) {
    await this.id('open-visit').click();
    await this.fillVisit(answers);
  }

  async fillVisit({ met, contact, mood, note }) {
    await this.id('record-form').waitFor();
    await this.choose('met', met);
    if (contact) await this.choose('contact_person', contact);
    await this.nextPage();
    if (mood) await this.choose('health/mood', mood);
    const noteField = this.page.locator('[data-field="/note"] textarea');
    while (await this.id('next-step').count() > 0) await this.nextPage();
    await noteField.fill(note);
    await this.save();
  }

  async correctPhone(number, source) {
    await this.id('correct').click();
    await this.id('new-number').fill(number);
    await this.id('phone-form').locator(`[data-value="${source}"]`).click();
    await this.id('phone-form').getByTestId('save').click();
    await this.id('snackbar').getByText('已保存').waitFor();
  }

  async onlyHere() {
    await this.page.goto(`${this.origin}/#/sync`);
    return Number(await this.id('only-here').innerText());
  }

  /** Waits until this phone says that `count` entries are only here. */
  async waitOnlyHere(count) {
    await this.page.goto(`${this.origin}/#/sync`);
    await this.page.waitForFunction(
      (expected) => document.querySelector('[data-testid="only-here"]')?.textContent === String(expected), count, { timeout: 60_000 },
    );
  }

  async syncNow() {
    await this.page.goto(`${this.origin}/#/sync`);
    await this.id('sync-now').click();
  }

  ownRecords() {
    return this.id('record-row').evaluateAll((rows) => rows.map((row) => ({ ...row.dataset })));
  }
}

/** In the page, as its user would: on the keys, each time they are there. */
function typeWhenAsked(pin) {
  const type = () => {
    const keys = document.querySelector('[data-testid="pin-pad"]:not([data-busy])');
    if (!keys?.querySelector('[data-typed="0"]')) return;
    for (const digit of pin) keys.querySelector(`[data-testid="pin-${digit}"]`).click();
  };
  new MutationObserver(type).observe(document, { subtree: true, childList: true, attributes: true });
}
