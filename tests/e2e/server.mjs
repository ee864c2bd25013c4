// The real server as a child process: started on a free port, killed hard, started again on
// the same port and data. The demo community is made once and copied for each story.

import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, cp, mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../../', import.meta.url));
const binary = process.env.MENPAI_BIN ?? join(root, 'target/debug/menpai');
const run = promisify(execFile);

export class Server {
  #child = null;
  #ports = { http: 0, https: 0 };
  address = { http: '', https: '' };

  constructor(data) {
    this.data = data;
  }

  async start({ demo = false, more = [] } = {}) {
    const child = spawn(binary, [
      'serve', '--standing-invitations', '--data', this.data, '--web', join(root, 'web-client/dist'), '--announce-json',
      '--http', `127.0.0.1:${this.#ports.http}`, '--https', `127.0.0.1:${this.#ports.https}`, ...(demo ? ['--demo'] : []), ...more,
    ], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    let log = '';
    child.stderr.on('data', (chunk) => { log = (log + chunk).slice(-4000); });
    const announced = await new Promise((resolve, reject) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        if (line.startsWith('{')) resolve(JSON.parse(line));
      });
      child.once('exit', (code) => reject(new Error(`the server ended with ${code} before it announced itself:\n${log}`)));
      child.once('error', reject);
    });
    child.removeAllListeners('exit');
    this.address = { http: announced.http, https: announced.https };
    this.#ports = { http: new URL(announced.http).port, https: new URL(announced.https).port };
  }

  get running() {
    return this.#child !== null;
  }

  /** SIGKILL by default: nothing may depend on a tidy end. */
  async stop(signal = 'SIGKILL') {
    const child = this.#child;
    this.#child = null;
    if (!child || child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await ended;
  }

  /** Runs another command of the server on this data. */
  command(...parameters) {
    return run(binary, [...parameters, '--data', this.data], { maxBuffer: 64 << 20 });
  }

  /** Account → password, from the file the demo keeps. */
  async logins() {
    const text = await readFile(join(this.data, 'demo-logins.txt'), 'utf8');
    const pairs = text.split('\n').map((line) => /^\s*([a-z0-9]+)\s+(\S+)/.exec(line)).filter(Boolean);
    return new Map(pairs.map(([, account, password]) => [account, password]));
  }

  /** As if ten minutes had passed since anybody proved who they are; only while the server is stopped. */
  async forgetProofs() {
    await run(join(dirname(binary), 'forget_proofs'), [join(this.data, 'node.sqlite')]);
  }

  /** Rows of a typed view; only while the server is stopped, from a copy. */
  async view(name, community) {
    const folder = await mkdtemp(join(tmpdir(), 'menpai-view-'));
    try {
      const file = `communities/${community}.sqlite`;
      await mkdir(join(folder, 'communities'));
      for (const suffix of ['', '-wal']) {
        await cp(join(this.data, file + suffix), join(folder, file + suffix)).catch((error) => {
          if (error.code !== 'ENOENT' || suffix === '') throw error;
        });
      }
      const { stdout } = await run(join(dirname(binary), 'view'), [join(folder, file), name], { maxBuffer: 64 << 20 });
      return stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}

/** A data folder with the demo community in it. */
export async function demoFolder() {
  const version = createHash('sha256').update(await readFile(binary)).digest('hex').slice(0, 16);
  const kept = join(root, 'target/e2e', `demo-${version}`);
  const folder = await mkdtemp(join(tmpdir(), 'menpai-e2e-'));
  try {
    await access(kept);
  } catch {
    await mkdir(join(root, 'target/e2e'), { recursive: true });
    const making = await mkdtemp(join(root, 'target/e2e/making-'));
    const server = new Server(making);
    await server.start({ demo: true });
    await server.stop('SIGTERM');
    // Another story may have made it meanwhile; one is as good as the other.
    await rename(making, kept).catch(async (error) => {
      if (!['EEXIST', 'ENOTEMPTY'].includes(error.code)) throw error;
      await rm(making, { recursive: true, force: true });
    });
    for (const name of await readdir(join(root, 'target/e2e'))) {
      if (name.startsWith('demo-') && join(root, 'target/e2e', name) !== kept) await rm(join(root, 'target/e2e', name), { recursive: true, force: true });
    }
  }
  // A socket or lock of the process that made it means nothing in a copy.
  await cp(kept, folder, { recursive: true, filter: (path) => !/control\.sock$|\/lock$/.test(path) });
  return folder;
}
