import { describe, expect, it } from 'vitest';
import type { WallDoor } from './answers';
import { floorOf, layOut } from './layout';

const door = (room: string, unit = '1', floor: number | null = null): WallDoor => ({ id: `${unit}-${room}`, unit, floor, room, state: 'due' });

describe('a building on the wall', () => {
  it('has the highest floor on top and units side by side', () => {
    const { doors, columns, rows } = layOut([door('101'), door('102'), door('201'), door('301', '2')]);
    expect(rows).toBe(3);
    expect(columns).toEqual([13, 13, 17]);
    const at = (id: string) => doors.filter((one) => one.id === id).map(({ column, row }) => [column, row])[0];
    expect(at('1-101')).toEqual([1, 3]);
    expect(at('1-102')).toEqual([2, 3]);
    expect(at('1-201')).toEqual([1, 2]);
    expect(at('2-301')).toEqual([3, 1]);
  });

  it('shows every door once, however numbered', () => {
    const odd = [door('商铺3'), door('B101'), door('1'), door('2'), door('302', '', 3), door('303', '', 3)];
    const { doors } = layOut(odd);
    expect(doors.map((one) => one.id).sort()).toEqual(odd.map((one) => one.id).sort());
    expect(new Set(doors.map(({ column, row }) => `${column}/${row}`)).size).toBe(odd.length);
  });

  it('believes the registry before the number on the door', () => {
    expect(floorOf(door('302'))).toBe(3);
    expect(floorOf(door('1204'))).toBe(12);
    expect(floorOf(door('302', '1', -1))).toBe(-1);
    expect(floorOf(door('商铺3'))).toBe(1);
  });
});
