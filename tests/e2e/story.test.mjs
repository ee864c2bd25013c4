// The story over plain http on 127.0.0.1.

import { test } from 'node:test';

import { tell, told } from './story.mjs';

test('a check made without signal becomes a row', { timeout: 600_000 }, async (context) => {
  await tell({ scheme: 'http', step: told(context) });
});
