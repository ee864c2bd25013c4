// `now` as the core reads it.

import { describe, expect, it } from 'vitest';
import { localDay, rfc3339 } from './clock';

describe('the clock', () => {
  it('writes milliseconds and the local offset, and means the same instant', () => {
    const at = new Date(2026, 10, 24, 9, 12, 40, 7);
    const text = rfc3339(at);
    expect(text).toMatch(/^2026-11-24T09:12:40\.007[+-]\d\d:\d\d$/);
    expect(new Date(text).getTime()).toBe(at.getTime());
  });

  it('takes the local day', () => {
    expect(localDay(new Date(2026, 0, 5, 0, 1))).toBe('2026-01-05');
  });
});
