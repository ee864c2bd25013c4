// Throws requests at the running server that its own OpenAPI document allows, and such as it does not, as
// somebody at the desk and as a stranger: nothing hangs, nothing is a 500, and every answer is one that
// the document has. What a phone signs, tests/src/hostile/ throws. `node tests/api/run.mjs SECONDS`; scripts/schemathesis.sh installs what it needs.

import { spawn } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { Server, demoFolder } from '../e2e/server.mjs';

const SECONDS = Number(process.argv[2] ?? 60);
const SEED = process.env.MENPAI_SEED ?? '1';
const PROGRAM = process.env.SCHEMATHESIS ?? fileURLToPath(new URL('../../.tools/schemathesis/bin/schemathesis', import.meta.url));
/** It keeps what it learns beside itself. */
const FOLDER = fileURLToPath(new URL('../../target/schemathesis', import.meta.url));
const BODIES = fileURLToPath(new URL('bodies.py', import.meta.url));
/** One machine stands for a town of clients here. */
const HAMMERED = ['--device-requests', '--community-requests', '--address-requests'].flatMap((option) => [option, '1000000']);
const CHECKS = ['not_a_server_error', 'status_code_conformance', 'content_type_conformance', 'response_headers_conformance', 'response_schema_conformance'];
/** A stream that ends with its session; its own tests read it (server/tests/server/desk_events.rs). */
const ENDLESS = '/api/v1/desk/events';

async function json(response) {
  if (!response.ok) throw new Error(`${response.url}: ${response.status} ${await response.text()}`);
  return response.json();
}

/** Who asks: the headers that every request has, and what is asked. */
async function audiences(origin, logins) {
  const sign = (path, body) => fetch(`${origin}/api/v1${path}`, {
    method: 'POST', headers: { 'Content-Type': 'application/json', Origin: origin }, body: JSON.stringify(body),
  });
  const desk = await sign('/desk/sessions', { account: 'secretary', password: logins.get('secretary') });
  if (!desk.ok) throw new Error(await desk.text());
  const cookie = desk.headers.get('Set-Cookie').split(';')[0];
  // Whoever ends their own session is a stranger from then on.
  const staysSignedIn = ['--exclude-path-regex', 'sessions/current$'];
  return [
    { who: 'desk', parameters: ['--include-tag', 'desk', '-H', `Cookie: ${cookie}`, '-H', `Origin: ${origin}`, ...staysSignedIn] },
    { who: 'stranger', parameters: [] },
  ];
}

async function schemathesis(origin, { who, parameters }) {
  await mkdir(FOLDER, { recursive: true });
  console.log(`schemathesis: as ${who}, ${SECONDS} s`);
  const child = spawn(PROGRAM, [
    'run', `${origin}/api/v1/openapi.json`, '--url', origin, '--seed', SEED, '--max-time', String(SECONDS), '--continue-on-failure',
    '--checks', CHECKS.join(','), '--exclude-path', ENDLESS, '--request-timeout', '20', '--phases', 'examples,coverage,fuzzing',
    '--suppress-health-check', 'all', '--warnings', 'off', ...parameters,
  ], { cwd: FOLDER, stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, NO_COLOR: '1', SCHEMATHESIS_HOOKS: BODIES, PYTHONDONTWRITEBYTECODE: '1' } });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code === 0));
  });
}

const server = new Server(await demoFolder());
let passed = true;
try {
  await server.start({ more: HAMMERED });
  for (const audience of await audiences(server.address.http, await server.logins())) {
    passed = await schemathesis(server.address.http, audience) && passed;
  }
  // It is alive, and answers as at the beginning.
  await json(await fetch(`${server.address.http}/healthz`));
} finally {
  await server.stop('SIGTERM');
  await rm(server.data, { recursive: true, force: true });
}
process.exit(passed ? 0 : 1);
