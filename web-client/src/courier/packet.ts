// A packet: what one phone could not send, sealed for the server and carried by a colleague's (docs/protocol.md
// section 18). Here is what anybody may read of one, and its form as a text file. Refuses what is no packet.

/** What stands in clear: nobody's name. */
export interface ClearLine {
  menpai_packet: 1;
  community: string;
  /** which key of the server it is sealed to: first 16 digits of its hash */
  key: string;
  device: string;
  /** entries in it */
  count: number;
  /** the author's clock at sealing */
  clock: string;
}

export const FORMAT = 1;
/** What the server takes. */
export const MAX_PACKET_BYTES = 18 * 65_536;
const MAX_LINE_BYTES = 1_024;
/** The point and the tag that every sealed text has. */
const LEAST_SEALED_BYTES = 65 + 16;
const NEWLINE = 0x0a;

/** The line in clear; null: these bytes are no packet. */
export function clearLine(packet: Uint8Array): ClearLine | null {
  const end = packet.subarray(0, MAX_LINE_BYTES).indexOf(NEWLINE);
  if (end < 0 || packet.length < end + 1 + LEAST_SEALED_BYTES || packet.length > MAX_PACKET_BYTES) return null;
  try {
    const said = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(packet.subarray(0, end))) as Partial<ClearLine> | null;
    return said?.menpai_packet === FORMAT && isCount(said.count) && isInstant(said.clock) &&
      [said.community, said.key, said.device].every((text) => typeof text === 'string')
      ? (said as ClearLine)
      : null;
  } catch {
    return null;
  }
}

function isCount(count: unknown): boolean {
  return Number.isSafeInteger(count) && (count as number) > 0;
}

function isInstant(text: unknown): boolean {
  return typeof text === 'string' && !Number.isNaN(Date.parse(text));
}

/** The packet as a text that every messenger lets through. */
export function asText(packet: Uint8Array): string {
  const end = packet.indexOf(NEWLINE);
  const line = new TextDecoder().decode(packet.subarray(0, end));
  let sealed = '';
  for (const byte of packet.subarray(end + 1)) sealed += String.fromCharCode(byte);
  return `${line}\n${btoa(sealed)}\n`;
}

/** The packet that a text holds; null: none. Spaces and line breaks that were added on the way do not matter. */
export function fromText(text: string): Uint8Array | null {
  const [line, ...rest] = text.replace(/^\ufeff/, '').trimStart().split('\n');
  let sealed: string;
  try {
    sealed = atob(rest.join('').replace(/\s/g, ''));
  } catch {
    return null;
  }
  const start = new TextEncoder().encode(`${(line ?? '').trimEnd()}\n`);
  const packet = new Uint8Array(start.length + sealed.length);
  packet.set(start);
  for (let at = 0; at < sealed.length; at += 1) packet[start.length + at] = sealed.charCodeAt(at);
  return clearLine(packet) ? packet : null;
}

/** The first 16 digits of a hash: what packets and keys are called by. */
export async function shortHash(bytes: Uint8Array): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>));
  return Array.from(hash.subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
