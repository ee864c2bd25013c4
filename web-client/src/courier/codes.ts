// A packet as a series of QR codes, and back. Codes are read in any order and any number of times; those of
// another series begin anew. What comes out is the packet that went in, or nothing.

import { fromBase45, toBase45 } from './base45';
import { shortHash } from './packet';

/** A code of 600 bytes has 85 modules a side: a cheap camera reads it from a phone's screen. */
const PIECE_BYTES = 600;
/** More than these nobody holds a phone still for: a file does it better. */
export const MOST_CODES = 40;
const CODE = /^MENPAI:1\/([0-9A-F]{16})\/([1-9]\d?)\/([1-9]\d?)\/([0-9A-Z $%*+./:-]+)$/;

/** The texts of the codes; null: too much for codes. */
export async function codesOf(packet: Uint8Array): Promise<string[] | null> {
  const of = Math.ceil(packet.length / PIECE_BYTES);
  if (of > MOST_CODES) return null;
  const hash = (await shortHash(packet)).toUpperCase();
  return Array.from({ length: of }, (_, index) => {
    const piece = packet.subarray(index * PIECE_BYTES, (index + 1) * PIECE_BYTES);
    return `MENPAI:1/${hash}/${index + 1}/${of}/${toBase45(piece)}`;
  });
}

export interface Progress {
  have: number;
  of: number;
  /** all of it, once every code was read */
  packet: Uint8Array | null;
}

export class CodeCollector {
  private hash = '';
  private of = 0;
  private readonly pieces = new Map<number, Uint8Array>();

  /** Null: not one of our codes. */
  async add(text: string): Promise<Progress | null> {
    const [, hash = '', number, of, letters = ''] = CODE.exec(text) ?? [];
    const piece = fromBase45(letters);
    if (!hash || !piece || Number(number) > Number(of) || Number(of) > MOST_CODES) return null;
    if (hash !== this.hash || Number(of) !== this.of) {
      this.pieces.clear();
      [this.hash, this.of] = [hash, Number(of)];
    }
    this.pieces.set(Number(number), piece);
    return { have: this.pieces.size, of: this.of, packet: await this.whole() };
  }

  private async whole(): Promise<Uint8Array | null> {
    if (this.pieces.size < this.of) return null;
    const pieces = [...this.pieces].sort(([one], [other]) => one - other).map(([, piece]) => piece);
    const packet = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
    pieces.reduce((at, piece) => (packet.set(piece, at), at + piece.length), 0);
    if ((await shortHash(packet)).toUpperCase() === this.hash) return packet;
    // Somebody's code lied, or was misread: from the beginning.
    this.pieces.clear();
    return null;
  }
}
