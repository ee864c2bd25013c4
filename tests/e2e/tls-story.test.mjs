// The same story over TLS, with the server's own authority trusted the way an office would
// install it: in the user's certificate store, not by clicking a warning away.

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { tell, told } from './story.mjs';

const run = promisify(execFile);

test('the same over TLS with the local authority trusted', { timeout: 600_000 }, async (context) => {
  const home = await mkdtemp(join(tmpdir(), 'menpai-home-'));
  try {
    await tell({
      scheme: 'https',
      step: told(context),
      prepare: async (server) => {
        const store = join(home, '.pki/nssdb');
        await mkdir(store, { recursive: true });
        await run('certutil', ['-d', `sql:${store}`, '-N', '--empty-password']);
        await run('certutil', ['-d', `sql:${store}`, '-A', '-t', 'C,,', '-n', 'menpai', '-i', join(server.data, 'tls/authority.pem')]);
        return home;
      },
    });
  } finally {
    await rm(home, { recursive: true, force: true });
  }
});
