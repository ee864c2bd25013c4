// The nine statuses a door or badge can show, in the words of the visual reference.

export const STATUSES = [
  'checked',
  'absent',
  'refused',
  'empty',
  'due',
  'overdue',
  'unknown',
  'conflict',
  'held',
] as const;

export type Status = (typeof STATUSES)[number];

export function isStatus(mark: string | null): mark is Status {
  return mark !== null && (STATUSES as readonly string[]).includes(mark);
}
