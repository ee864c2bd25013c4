// Where each door stands in the matrix: floors from the top, columns by the room's place on its floor.
// 602 stays above 502 even where 501 does not exist. More than six doors a floor: one unit at a time.

import type { DoorRow } from '../../core/types';

export const MOST_COLUMNS = 6;

export interface Floor {
  floor: number | null;
  /** per unit, per column; null where that floor has no such door */
  cells: (DoorRow | null)[][];
}

export interface Layout {
  units: { unit: string; columns: number }[];
  floors: Floor[];
}

interface Unit {
  unit: string;
  doors: DoorRow[];
}

export function layout(units: Unit[]): Layout {
  const columnsOf = units.map(({ doors }) => {
    const places = [...new Set(doors.map(place))].sort(byNumber);
    // Rooms that share no places (shop doors, 东户/西户) are counted off floor by floor instead.
    const fullest = Math.max(1, ...[...byFloor(doors).values()].map((row) => row.length));
    const shared = [...byFloor(doors).values()].some((row) => new Set(row.map(place)).size < row.length);
    return { places, counted: shared || places.length > Math.max(fullest * 2, MOST_COLUMNS), fullest };
  });
  const floors = [...new Set(units.flatMap(({ doors }) => doors.map((door) => door.floor)))].sort(fromTheTop);

  const whole: Layout = {
    units: units.map(({ unit }, index) => {
      const { places, counted, fullest } = columnsOf[index]!;
      return { unit, columns: counted ? fullest : Math.max(1, places.length) };
    }),
    floors: floors.map((floor) => ({
      floor,
      cells: units.map(({ doors }, index) => {
        const { places, counted, fullest } = columnsOf[index]!;
        const here = doors.filter((door) => door.floor === floor);
        if (counted) return Array.from({ length: fullest }, (_, column) => here[column] ?? null);
        return places.map((one) => here.find((door) => place(door) === one) ?? null);
      }),
    })),
  };
  return units.length === 1 ? wrapped(whole) : whole;
}

/** A corridor with more doors than a thumb can hit in one line goes on in the next. */
function wrapped({ units, floors }: Layout): Layout {
  const [only] = units;
  if (!only || only.columns <= MOST_COLUMNS) return { units, floors };
  return {
    units: [{ ...only, columns: MOST_COLUMNS }],
    floors: floors.flatMap(({ floor, cells }) => {
      const doors = (cells[0] ?? []).filter((door) => door !== null);
      const lines: Floor[] = [];
      for (let from = 0; from < doors.length; from += MOST_COLUMNS) {
        const line = Array.from({ length: MOST_COLUMNS }, (_, column) => doors[from + column] ?? null);
        lines.push({ floor, cells: [line] });
      }
      return lines;
    }),
  };
}

/** Whether the whole building fits side by side. */
export function fits(units: Unit[]): boolean {
  return layout(units).units.reduce((sum, { columns }) => sum + columns, 0) <= MOST_COLUMNS;
}

/** The room without its floor: 602 → 02, 1203 → 03, B101 → B101. */
function place(door: DoorRow): string {
  const prefix = door.floor === null ? '' : String(door.floor);
  if (prefix !== '' && door.room.startsWith(prefix) && door.room.length > prefix.length) {
    return door.room.slice(prefix.length);
  }
  return door.room;
}

function byFloor(doors: DoorRow[]): Map<number | null, DoorRow[]> {
  const floors = new Map<number | null, DoorRow[]>();
  for (const door of doors) floors.set(door.floor, [...(floors.get(door.floor) ?? []), door]);
  return floors;
}

function byNumber(a: string, b: string): number {
  return a.localeCompare(b, 'zh', { numeric: true });
}

function fromTheTop(a: number | null, b: number | null): number {
  if (a === null) return 1;
  if (b === null) return -1;
  return b - a;
}
