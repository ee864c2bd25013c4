// The same story over TLS, with the server's own authority trusted the way an office would
// install it: in the user's certificate store, not by clicking a warning away.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { tell, told } from './story.mjs';
import { trust } from './trusted.mjs';

test('the same over TLS with the local authority trusted', { timeout: 600_000 }, async (context) => {
  const home = await mkdtemp(join(tmpdir(), 'menpai-home-'));
  try {
    await tell({ scheme: 'https', step: told(context), prepare: (server) => trust(home, server.data) });
  } finally {
    await rm(home, { recursive: true, force: true });
  }
});
