// The wall of doors: every door has exactly one cell, 602 above 502, one state per cell.

import { describe, expect, it } from 'vitest';
import type { DoorRow, DoorState } from '../../core/types';
import { statusOf } from './door-state';
import { fits, layout } from './layout';

const unchecked: DoorState = { mark: null, label: null, closed: false, at: null, worker_name: null, rung: null };

function door(floor: number | null, room: string, more: Partial<DoorRow> = {}): DoorRow {
  return { dwelling: `d-${floor}-${room}`, unit: '1', floor, room, residents: [], on_care_plan: false, conflict: false, state: unchecked, ...more };
}

function rooms(units: { unit: string; doors: DoorRow[] }[]): (string | null)[][][] {
  return layout(units).floors.map(({ cells }) => cells.map((row) => row.map((one) => one?.room ?? null)));
}

describe('the layout', () => {
  it('puts floors from the top and keeps a column for a missing door', () => {
    const unit = { unit: '1', doors: [door(1, '101'), door(1, '102'), door(2, '202')] };
    expect(rooms([unit])).toEqual([[[null, '202']], [['101', '102']]]);
  });

  it('sets units side by side', () => {
    const units = [
      { unit: '1', doors: [door(1, '101')] },
      { unit: '2', doors: [door(1, '101'), door(2, '201')] },
    ];
    expect(rooms(units)).toEqual([[[null], ['201']], [['101'], ['101']]]);
  });

  it('goes on in the next line where a floor has more than six doors', () => {
    const long = Array.from({ length: 8 }, (_, index) => door(1, `10${index + 1}`));
    expect(rooms([{ unit: '无', doors: long }]).map(([line]) => line?.filter(Boolean).length)).toEqual([6, 2]);
  });

  it('turns pages by unit when the building is too wide', () => {
    const wide = ['1', '2', '3', '4'].map((unit) => ({ unit, doors: [door(1, '101'), door(1, '102')] }));
    expect(fits(wide)).toBe(false);
    expect(fits(wide.slice(0, 3))).toBe(true);
  });

  it('loses no door, whatever the rooms are called', () => {
    const odd = [
      door(1, '东户'), door(1, '西户'), door(1, '商铺3'), door(2, '201'), door(2, '201'), door(null, 'B101'), door(-1, '-101'),
      ...Array.from({ length: 30 }, (_, index) => door(3, `3-${index}`)),
    ];
    const shown = layout([{ unit: '1', doors: odd }]).floors.flatMap(({ cells }) => cells.flat()).filter(Boolean);
    expect(shown).toHaveLength(odd.length);
  });
});

describe('the state of a cell', () => {
  it('is to be checked until somebody has', () => {
    expect(statusOf(door(1, '101'))).toBe('due');
  });

  it('is the outcome’s mark, unless values are disputed or the record is held', () => {
    const absent: DoorState = { ...unchecked, mark: 'absent', rung: 'merged' };
    expect(statusOf(door(1, '101', { state: absent }))).toBe('absent');
    expect(statusOf(door(1, '101', { state: absent, conflict: true }))).toBe('conflict');
    expect(statusOf(door(1, '101', { state: { ...absent, rung: 'held' } }))).toBe('held');
  });
});
