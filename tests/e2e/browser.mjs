// Chromium with a profile on disk: what is durable there survives being killed, and nothing
// else does. Killed by pid, all its processes at once. Whatever a page does against the site's own
// policy, or asks of anybody else, is kept, and fails the story.

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const { chromium } = createRequire(new URL('../../web-client/package.json', import.meta.url))('playwright-core');

const AGAINST_POLICY = /Content Security Policy|requires 'Trusted|blocked by .*policy/i;
const OURSELVES = ['127.0.0.1', 'localhost'];

export class Browser {
  #context = null;
  /** what pages and their workers did against the policy, and whom else they asked */
  violations = [];
  /** a video that stands for the camera's picture */
  camera = null;

  constructor(profile, { size = { width: 360, height: 740 }, home = null, scale = 1 } = {}) {
    this.profile = profile;
    this.size = size;
    this.home = home;
    this.scale = scale;
  }

  static async withProfile(options) {
    return new Browser(await mkdtemp(join(tmpdir(), 'menpai-profile-')), options);
  }

  async open() {
    this.#context = await chromium.launchPersistentContext(this.profile, {
      executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run', ...this.#eye()],
      viewport: this.size,
      deviceScaleFactor: this.scale,
      locale: 'zh-CN',
      timezoneId: 'Asia/Shanghai',
      env: this.home ? { ...process.env, HOME: this.home } : process.env,
    });
    this.#context.on('console', (message) => {
      if (AGAINST_POLICY.test(message.text())) this.violations.push(message.text());
    });
    this.#context.on('request', (request) => {
      const { protocol, hostname } = new URL(request.url());
      if (protocol.startsWith('http') && !OURSELVES.includes(hostname)) this.violations.push(request.url());
    });
    await this.#context.addInitScript(() => {
      addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sample, sourceFile }) => {
        console.error(`Content Security Policy: ${violatedDirective} ${blockedURI} ${sample} ${sourceFile}`);
      });
    });
    const page = this.#context.pages()[0] ?? await this.#context.newPage();
    page.setDefaultTimeout(30_000);
    return page;
  }

  #eye() {
    const fake = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'];
    return this.camera ? [...fake, `--use-file-for-fake-video-capture=${this.camera}`] : [];
  }

  async close() {
    await this.#context?.close();
    this.#context = null;
  }

  /** SIGKILL to every process of this profile, then wait until they are gone. */
  async kill() {
    this.#context = null;
    for (let pids = await this.#pids(); pids.length > 0; pids = await this.#pids()) {
      for (const pid of pids) {
        try {
          process.kill(pid, 'SIGKILL');
        } catch (error) {
          if (error.code !== 'ESRCH') throw error;
        }
      }
      await new Promise(setImmediate);
    }
  }

  async #pids() {
    const found = [];
    for (const name of await readdir('/proc')) {
      if (!/^\d+$/.test(name)) continue;
      const command = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '');
      const state = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
      if (command.includes(this.profile) && !/\) Z /.test(state)) found.push(Number(name));
    }
    return found;
  }

  async remove() {
    await this.close();
    await rm(this.profile, { recursive: true, force: true });
  }
}
