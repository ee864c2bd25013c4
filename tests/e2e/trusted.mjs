// A user's home folder whose certificate store trusts a server's own authority, the way an office would
// install it: no warning is clicked away.

import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Puts the authority of a server's data folder into the store of `home`. */
export async function trust(home, data) {
  const store = join(home, '.pki/nssdb');
  await mkdir(store, { recursive: true });
  await run('certutil', ['-d', `sql:${store}`, '-N', '--empty-password']);
  await run('certutil', ['-d', `sql:${store}`, '-A', '-t', 'C,,', '-n', 'menpai', '-i', join(data, 'tls/authority.pem')]);
  return home;
}
