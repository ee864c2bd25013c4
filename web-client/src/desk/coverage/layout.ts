// Where each door of a building stands on the wall: units side by side, the highest floor on
// top, doors of a floor in a row. Cells are 13 px wide; a new unit begins 4 px further right.

import type { WallDoor } from './answers';

export interface PlacedDoor extends WallDoor {
  column: number;
  row: number;
}

export interface Layout {
  doors: PlacedDoor[];
  /** widths of the columns, in px */
  columns: number[];
  rows: number;
}

const CELL = 13;
const UNIT_GAP = 4;

/** The floor that the registry or the number on the door says: 302 is on the third. */
export function floorOf(door: WallDoor): number {
  if (door.floor !== null) return door.floor;
  const digits = /(\d+)\D*$/.exec(door.room)?.[1] ?? '';
  return digits.length >= 3 ? Math.floor(Number(digits) / 100) : 1;
}

export function layOut(doors: readonly WallDoor[]): Layout {
  const units = new Map<string, Map<number, WallDoor[]>>();
  const floors = new Set<number>();
  for (const door of doors) {
    const floor = floorOf(door);
    floors.add(floor);
    const unit = units.get(door.unit) ?? new Map<number, WallDoor[]>();
    units.set(door.unit, unit);
    unit.set(floor, [...(unit.get(floor) ?? []), door]);
  }
  const rows = [...floors].sort((a, b) => b - a);
  const placed: PlacedDoor[] = [];
  const columns: number[] = [];
  for (const unit of units.values()) {
    const first = columns.length;
    const width = Math.max(...[...unit.values()].map((onFloor) => onFloor.length));
    for (let column = 0; column < width; column += 1) columns.push(column === 0 && first > 0 ? CELL + UNIT_GAP : CELL);
    for (const [floor, onFloor] of unit) {
      onFloor.forEach((door, index) => placed.push({ ...door, column: first + index + 1, row: rows.indexOf(floor) + 1 }));
    }
  }
  return { doors: placed, columns, rows: rows.length };
}
