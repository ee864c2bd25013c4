import { describe, expect, it } from 'vitest';
import type { GridWithBuildings } from './answers';
import { sight, sizeOf } from './useMoving';

const role = { zh: '网格员', en: 'Grid worker' };

function grid(id: string, workers: [string, string][]): GridWithBuildings {
  return {
    id,
    name: id,
    code: '',
    workers: workers.map(([worker, name]) => ({ id: worker, name, role })),
    buildings: [
      { id: 'b1', name: '1号楼', doors: 12, people: 30 },
      { id: 'b2', name: '2号楼', doors: 8, people: 17 },
    ],
    elsewhere: { doors: 1, people: 2 },
  };
}

describe('what moves', () => {
  it('is the buildings picked, and of a whole grid also what stands in no building', () => {
    const one = grid('1', []);
    expect(sizeOf(one, new Set(['b2']), false)).toEqual({ doors: 8, people: 17 });
    expect(sizeOf(one, new Set(), true)).toEqual({ doors: 21, people: 49 });
    expect(sizeOf(one, new Set(['gone']), false)).toEqual({ doors: 0, people: 0 });
  });
});

describe('who sees it', () => {
  const one = grid('1', [['w1', '刘敏'], ['w2', '周桂兰']]);
  const two = grid('2', [['w2', '周桂兰'], ['w3', '陈东']]);

  it('loses those of the old grid who have no role in the new one', () => {
    expect(sight(one, two, new Set())).toEqual({ lose: ['刘敏'], see: ['周桂兰', '陈东'] });
  });

  it('keeps whoever is given the new grid', () => {
    expect(sight(one, two, new Set(['w1']))).toEqual({ lose: [], see: ['周桂兰', '陈东', '刘敏'] });
    expect(sight(one, null, new Set(['w1']))).toEqual({ lose: ['周桂兰'], see: ['刘敏'] });
  });
});
