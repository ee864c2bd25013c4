// A packet as a file, out of the phone and into it. A text: other files many phones refuse to share.

import { asText, fromText, MAX_PACKET_BYTES } from '../../courier/packet';
import { now } from '../../core/clock';

export function fileOf(packet: Uint8Array): File {
  const at = now();
  const two = (n: number): string => String(n).padStart(2, '0');
  const time = `${two(at.getMonth() + 1)}${two(at.getDate())}-${two(at.getHours())}${two(at.getMinutes())}`;
  return new File([asText(packet)], `menpai-${time}.txt`, { type: 'text/plain' });
}

/** The packet in a file; null: none. */
export async function packetOf(file: File): Promise<Uint8Array | null> {
  // In base 64 it is a third longer.
  return file.size > MAX_PACKET_BYTES * 2 ? null : fromText(await file.text());
}

export function canShare(file: File): boolean {
  return navigator.canShare?.({ files: [file] }) ?? false;
}

/** Whoever changes their mind has the file still. */
export async function share(file: File): Promise<void> {
  await navigator.share({ files: [file] }).catch(() => undefined);
}

export function keepFile(file: File): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = file.name;
  link.click();
  // The browser has taken it by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
