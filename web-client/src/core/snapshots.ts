// Fetches what this phone has nothing of, or not enough, part by part: each is on the flash, and on the screen,
// as soon as it is whole. Records that later ones overtook may be left out. A broken download goes on where it broke; a part that does not fit comes as lines instead.

import type { Host } from './host';
import { type Language, open, type ServerError } from './server';
import type { Identity } from './signed-request';

/**
 * Ask for lines until an answer was whole. Stands in the rows while a part is read, so that a part
 * that kills the worker is read once; and after one that did not fit.
 */
const LINES_ONLY_ROW = 'lines_only';
/** Kept over restarts: a first fetch broken off half-way must not look like a whole grid. */
export const INCOMPLETE_ROW = 'incomplete';
const PATH = '/api/v1/snapshots?leave_out=overtaken';
/** Breaks in a row without a byte in between, after which it is no network. */
const MOST_BREAKS = 3;

export interface FetchLine {
  host: Host;
  by: Identity;
  language: Language;
  queued: <T>(job: () => Promise<T>) => Promise<T>;
  /** parts are on their way, or one is here: what the screens show has changed */
  onPart: () => void;
}

export type Fetched =
  | { outcome: 'ready' | 'no_network' | 'stranger'; received: number }
  | { outcome: 'not_signed_in' | 'server_error'; received: number; error: ServerError; wait_ms?: number };

/** Everything has come: the next part may be fetched whole again. */
export async function allowSnapshots(host: Host): Promise<void> {
  if (await host.store.get<boolean>('keys', LINES_ONLY_ROW)) await host.store.commit([linesOnly(null)]);
}

export async function fetchSnapshots(line: FetchLine): Promise<Fetched> {
  const { host, queued } = line;
  const wanted = await queued(async () => {
    const lines = (await host.store.get<boolean>('keys', LINES_ONLY_ROW)) ?? false;
    return host.use((phone) => {
      phone.use_snapshots(!lines);
      return phone.snapshots_wanted();
    });
  });
  if (wanted === undefined) return { outcome: 'ready', received: 0 };
  await queued(() => host.store.commit([{ store: 'keys', key: INCOMPLETE_ROW, value: true }]));
  line.onPart();
  const parts = JSON.parse(wanted) as string[];
  const path = parts.length > 0 ? `${PATH}&parts=${encodeURIComponent(parts.join(','))}` : PATH;

  let tag: string | null = null;
  let total = 0;
  let received = 0;
  let waiting = new Uint8Array();
  for (let breaks = 0; breaks < MOST_BREAKS; breaks += 1) {
    const headers: Record<string, string> = tag !== null && total > 0 ? { Range: `bytes=${total}-`, 'If-Range': tag } : {};
    const answer = await open({
      path, method: 'GET', language: line.language, by: line.by, headers, expects: 'application/gzip',
    });
    if (answer.kind === 'no_network') continue;
    if (answer.kind === 'stranger') return { outcome: 'stranger', received };
    if (answer.kind === 'not_signed_in') return { outcome: 'not_signed_in', received, error: answer.error };
    if (answer.kind === 'error' && answer.wait_ms !== undefined) {
      return { outcome: 'server_error', received, error: answer.error, wait_ms: answer.wait_ms };
    }
    if (answer.kind === 'error') {
      // An older server, or one that cannot make them: lines always come.
      await giveUpOn(line);
      return { outcome: 'ready', received };
    }
    if (answer.status !== 206) {
      // Other snapshots than before; what had come whole of those is here already.
      waiting = new Uint8Array();
      total = 0;
    }
    tag = answer.tag;
    for (;;) {
      const piece = await answer.next();
      if (piece === 'broken') break;
      if (piece === 'end') return { outcome: 'ready', received };
      breaks = -1;
      total += piece.length;
      waiting = joined(waiting, piece);
      const taken = await takeWhole(line, waiting);
      if (!taken) return { outcome: 'ready', received };
      waiting = waiting.slice(taken.used);
      received += taken.received;
    }
  }
  return { outcome: 'no_network', received };
}

/** Takes every part that is whole; null: one does not fit. */
async function takeWhole(line: FetchLine, body: Uint8Array): Promise<{ used: number; received: number } | null> {
  const { host, queued, onPart } = line;
  let used = 0;
  let received = 0;
  try {
    for (;;) {
      const rest = body.subarray(used);
      const length = await queued(() => host.use((phone) => phone.snapshot_length(rest)));
      if (length === undefined || length > rest.length) return { used, received };
      const result = await queued(async () => {
        await host.store.commit([linesOnly(true)]);
        // In one transaction: the part, and that it did no harm.
        return host.change(
          (phone) => phone.take_snapshot(rest),
          () => [linesOnly(null)],
        );
      });
      const taken = JSON.parse(result) as { used: number; received: number };
      used += taken.used;
      received += taken.received;
      onPart();
    }
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'SnapshotError') throw error;
    await giveUpOn(line);
    return null;
  }
}

function giveUpOn({ host, queued }: FetchLine): Promise<void> {
  return queued(async () => {
    await host.store.commit([linesOnly(true)]);
    await host.use((phone) => phone.use_snapshots(false));
  });
}

function linesOnly(value: true | null): { store: string; key: string; value: true | null } {
  return { store: 'keys', key: LINES_ONLY_ROW, value };
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
