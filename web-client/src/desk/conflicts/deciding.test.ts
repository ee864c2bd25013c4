import { describe, expect, it } from 'vitest';
import { keptIds, newEntryId, nextAfter, valueOf } from './deciding';

describe('what was typed', () => {
  it('is a value of the shape that the field has', () => {
    expect(valueOf({ type: 'text', max_length: 20, lines: false }, ' 0371-60001234 ')).toBe('0371-60001234');
    expect(valueOf({ type: 'integer', min: 0, max: 99, unit: null }, '12')).toBe(12);
    expect(valueOf({ type: 'bool' }, 'true')).toBe(true);
    expect(valueOf({ type: 'bool' }, 'false')).toBe(false);
    expect(valueOf({ type: 'date' }, '1949-10-01')).toBe('1949-10-01');
  });

  it('is nothing yet where it is empty or no whole number', () => {
    expect(valueOf({ type: 'text', max_length: 20, lines: false }, '  ')).toBeNull();
    expect(valueOf({ type: 'bool' }, '')).toBeNull();
    for (const text of ['1.5', '12 楼', '1e3', '9'.repeat(16)]) {
      expect(valueOf({ type: 'integer', min: 0, max: 99, unit: null }, text)).toBeNull();
    }
  });
});

describe('the id of a decision', () => {
  it('is a UUIDv7 of its moment', () => {
    const chance = new Uint8Array(10).fill(0xff);
    expect(newEntryId(0x0198_0000_1234, chance)).toBe('01980000-1234-7fff-bfff-ffffffffffff');
    expect(newEntryId(Date.now(), new Uint8Array(10))).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it('stays while the same is sent again, and changes with what is decided', () => {
    let made = 0;
    const id = keptIds(() => String((made += 1)));
    expect([id({ value: 1 }), id({ value: 1 }), id({ value: 2 }), id({ value: 2 })]).toEqual(['1', '1', '2', '2']);
  });
});

describe('after a decision', () => {
  it('the next in the list is shown, at the end the one before', () => {
    expect(nextAfter('b', ['a', 'b', 'c'], ['a', 'c'])).toBe('c');
    expect(nextAfter('c', ['a', 'b', 'c'], ['a', 'b'])).toBe('b');
  });

  it('what others decided meanwhile is passed over, what came is found', () => {
    expect(nextAfter('a', ['a', 'b', 'c'], ['c'])).toBe('c');
    expect(nextAfter('a', ['a', 'b'], ['new'])).toBe('new');
    expect(nextAfter('a', ['a'], [])).toBeNull();
  });
});
