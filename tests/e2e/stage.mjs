// Where a story plays: the real server on a demo community of its own, and the browsers that meet
// it. Nothing of it is left afterwards, whatever happened. No story passes in which a page broke the
// site's policy.

import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { Browser } from './browser.mjs';
import { Server, demoFolder } from './server.mjs';

/** A desk's window. */
export const DESK = { size: { width: 1440, height: 900 } };

/** Where to put pictures, if somebody wants to look. */
const pictures = process.env.MENPAI_PICTURES;

/** What a page shows once it has come to rest. */
export async function picture(page, name) {
  if (!pictures) return;
  await page.waitForTimeout(400);
  await page.screenshot({ path: join(pictures, `${name}.png`) });
}

export class Stage {
  #browsers = [];

  /** The server is not started yet. */
  static async set() {
    return Object.assign(new Stage(), { server: new Server(await demoFolder()) });
  }

  async browser(options) {
    const made = await Browser.withProfile(options);
    this.#browsers.push(made);
    return made;
  }

  async close() {
    for (const browser of this.#browsers) await browser.close();
  }

  /** Kills everybody and removes what they wrote. */
  async clear() {
    for (const browser of this.#browsers) {
      await browser.kill();
      await browser.remove();
    }
    await this.server.stop('SIGKILL');
    await rm(this.server.data, { recursive: true, force: true });
    assert.deepEqual(this.#browsers.flatMap(({ violations }) => violations), []);
  }
}
