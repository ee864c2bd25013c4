// A Vite plugin that builds src/service-worker/sw.ts after the app, with the list of the field
// app's files inside. The list is found, not configured: what index.html names, what those files
// name, and so on. The desk's chunks are named by no field file and so stay out of every phone.

import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { build, type Plugin, type ResolvedConfig } from 'vite';
import type { FileList, PrecachedFile } from '../src/service-worker/file-list.ts';

const START_PAGE = 'index.html';
const NAMES_OTHERS = /\.(html|js|css|webmanifest)$/;
const HAS_CONTENT_HASH = /^assets\/.*-[\w-]{8}\.\w+$/;

export function fieldServiceWorker(): Plugin {
  let config: ResolvedConfig;
  return {
    name: 'menpai-field-service-worker',
    apply: 'build',
    configResolved(resolved) {
      config = resolved;
    },
    async closeBundle() {
      const folder = join(config.root, config.build.outDir);
      const list = listOf(folder);
      mkdirSync(join(folder, '.vite'), { recursive: true });
      writeFileSync(join(folder, '.vite/precache.json'), JSON.stringify(list, null, 2));
      await build({
        configFile: false,
        root: config.root,
        logLevel: 'warn',
        publicDir: false,
        define: { __FIELD_FILES__: JSON.stringify(list) },
        build: {
          outDir: folder,
          emptyOutDir: false,
          target: config.build.target,
          modulePreload: false,
          lib: {
            entry: join(config.root, 'src/service-worker/sw.ts'),
            formats: ['iife'],
            name: 'menpaiServiceWorker',
            fileName: () => 'sw.js',
          },
        },
      });
    },
  };
}

function listOf(folder: string): FileList {
  const files = reachable(folder).map((path): PrecachedFile => {
    const bytes = readFileSync(join(folder, path));
    return {
      url: `/${path}`,
      integrity: `sha256-${createHash('sha256').update(bytes).digest('base64')}`,
      immutable: HAS_CONTENT_HASH.test(path),
    };
  });
  const version = createHash('sha256').update(JSON.stringify(files)).digest('hex').slice(0, 16);
  return { version, files };
}

function reachable(folder: string): string[] {
  const all = everyFile(folder);
  const found = new Set([START_PAGE]);
  for (const path of found) {
    if (!NAMES_OTHERS.test(path)) continue;
    const text = readFileSync(join(folder, path), 'utf8');
    for (const candidate of all) {
      // A hashed name is named without its folder; the others by their whole address.
      const name = HAS_CONTENT_HASH.test(candidate) ? posix.basename(candidate) : `/${candidate}`;
      if (text.includes(name)) found.add(candidate);
    }
  }
  return [...found].sort();
}

function everyFile(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => posix.join(...posixParts(folder, entry.parentPath), entry.name))
    .filter((path) => !path.startsWith('.vite/') && !path.startsWith('desk/') && path !== 'sw.js');
}

function posixParts(folder: string, parent: string): string[] {
  const inside = parent.slice(folder.length);
  return inside.split(/[\\/]/).filter((part) => part !== '');
}
