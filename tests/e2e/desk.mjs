// The desk as the secretary sees it: page objects over roles and test ids, no inner state.

export class Desk {
  constructor(browser, origin) {
    this.browser = browser;
    this.origin = origin;
  }

  async open(account, password) {
    this.page = await this.browser.open();
    await this.page.goto(`${this.origin}/desk/`);
    await this.page.locator('[name="account"]').fill(account);
    await this.page.locator('[name="password"]').fill(password);
    await this.id('sign-in-submit').click();
    await this.id('who').waitFor();
  }

  id(name) {
    return this.page.getByTestId(name);
  }

  async go(page) {
    await this.id(`menu-${page}`).click();
    await this.id(`${page}-page`).waitFor();
  }

  /** Opens a select of Element Plus and takes an option, the first if none is named. */
  async select(name, value) {
    await this.id(name).click();
    const options = this.page.locator(value ? `.el-select-dropdown__item[data-value="${value}"]:visible` : '.el-select-dropdown__item:visible');
    await options.first().click();
  }

  /** Until the desk hears the server's events. */
  async listens() {
    await this.page.locator('[data-testid="refresh"][data-live="true"]').waitFor();
  }

  /** The cell of a door on the wall, once it is in that state. */
  async cell(door, state) {
    const cell = this.page.locator(`[data-testid="wall-cell"][data-door="${door}"][data-state="${state}"]`);
    await cell.waitFor();
    return cell;
  }

  async total(state) {
    return Number(await this.id(`total-${state}`).locator('b').innerText());
  }

  /** Until so many doors are in that state. */
  totals(state, count) {
    return this.id(`total-${state}`).locator('b').getByText(String(count), { exact: true }).waitFor();
  }

  rows() {
    return this.id('record-row').evaluateAll((rows) => rows.map((row) => row.dataset.entry));
  }
}
