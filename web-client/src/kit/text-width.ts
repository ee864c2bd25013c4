// How wide a text is, roughly, in ems: enough to decide whether answers share a line.

/** Wide (Chinese) characters count one em, Latin ones about half. */
export function ems(text: string): number {
  return [...text].reduce((sum, sign) => sum + (sign > '\u2e80' ? 1 : 0.56), 0);
}
