// Base 45 (RFC 9285): bytes in the letters that QR codes hold best.

const LETTERS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:';

export function toBase45(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 2) {
    const pair = at + 1 < bytes.length;
    let number = pair ? bytes[at]! * 256 + bytes[at + 1]! : bytes[at]!;
    for (let letters = pair ? 3 : 2; letters > 0; letters -= 1) {
      text += LETTERS[number % 45];
      number = Math.floor(number / 45);
    }
  }
  return text;
}

/** Null: not base 45. */
export function fromBase45(text: string): Uint8Array | null {
  const bytes: number[] = [];
  for (let at = 0; at < text.length; at += 3) {
    const letters = [...text.slice(at, at + 3)].map((letter) => LETTERS.indexOf(letter));
    const number = letters.reduceRight((sum, letter) => sum * 45 + letter, 0);
    const most = letters.length === 3 ? 0xffff : 0xff;
    if (letters.length === 1 || letters.includes(-1) || number > most) return null;
    if (letters.length === 3) bytes.push(number >> 8);
    bytes.push(number & 0xff);
  }
  return Uint8Array.from(bytes);
}
