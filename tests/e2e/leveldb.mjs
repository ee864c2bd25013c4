// What lies in a browser profile, as somebody reads it who has the flash: the bytes of every file, and of LevelDB's
// tables the blocks as they are once inflated.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

const MAGIC = Buffer.from('57fb808b247547db', 'hex');
const SNAPPY = 1;

/** `[path, bytes]` of every file below, and of every block of a table. */
export async function* everything(folder) {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath ?? entry.path, entry.name);
    const bytes = await readFile(path);
    yield [path, bytes];
    if (bytes.length > 48 && bytes.subarray(-8).equals(MAGIC)) for (const block of blocks(bytes)) yield [`${path} (inflated)`, block];
  }
}

/** Looks for all of them in one go: which stand in some bytes. */
export function searcher(needles) {
  const byBeginning = new Map();
  const begins = new Uint8Array(1 << 16);
  for (const needle of needles) {
    const beginning = needle.readUInt16LE(0);
    begins[beginning] = 1;
    byBeginning.set(beginning, [...(byBeginning.get(beginning) ?? []), needle]);
  }
  return function* search(bytes) {
    for (let at = 0; at + 1 < bytes.length; at += 1) {
      const beginning = bytes[at] | (bytes[at + 1] << 8);
      if (begins[beginning] === 0) continue;
      for (const needle of byBeginning.get(beginning)) {
        if (bytes.compare(needle, 0, needle.length, at, Math.min(at + needle.length, bytes.length)) === 0) yield needle;
      }
    }
  };
}

function* blocks(table) {
  const footer = { bytes: table, at: table.length - 48 };
  handle(footer);
  const index = inflated(table, handle(footer));
  const restarts = index.readUInt32LE(index.length - 4);
  const end = index.length - 4 - 4 * restarts;
  const entries = { bytes: index, at: 0 };
  while (entries.at < end) {
    varint(entries);
    const [own, length] = [varint(entries), varint(entries)];
    entries.at += own;
    const next = entries.at + length;
    yield inflated(table, handle(entries));
    entries.at = next;
  }
}

function handle(reader) {
  return { offset: varint(reader), size: varint(reader) };
}

function inflated(table, { offset, size }) {
  const block = table.subarray(offset, offset + size);
  return table[offset + size] === SNAPPY ? unsnap(block) : block;
}

/** The raw format of Snappy: literals, and copies of what came before. */
export function unsnap(packed) {
  const reader = { bytes: packed, at: 0 };
  const out = Buffer.alloc(varint(reader));
  let length = 0;
  while (reader.at < packed.length) {
    const tag = packed[reader.at++];
    if ((tag & 3) === 0) {
      let size = (tag >> 2) + 1;
      if (size > 60) {
        const wide = size - 60;
        size = packed.readUIntLE(reader.at, wide) + 1;
        reader.at += wide;
      }
      packed.copy(out, length, reader.at, reader.at + size);
      reader.at += size;
      length += size;
      continue;
    }
    const kind = tag & 3;
    const size = kind === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
    const width = kind === 1 ? 1 : kind === 2 ? 2 : 4;
    const back = packed.readUIntLE(reader.at, width) + (kind === 1 ? (tag >> 5) << 8 : 0);
    reader.at += width;
    for (let copied = 0; copied < size; copied += 1, length += 1) out[length] = out[length - back];
  }
  return out;
}

function varint(reader) {
  let value = 0;
  for (let shift = 1; ; shift *= 128) {
    const byte = reader.bytes[reader.at++];
    value += (byte & 127) * shift;
    if (byte < 128) return value;
  }
}
