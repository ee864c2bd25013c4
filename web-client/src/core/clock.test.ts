// `now` as the core reads it.

import { afterEach, describe, expect, it } from 'vitest';
import { FakePhone } from './fake-phone.test-helper';
import { followHome, localDay, noticing, now, rfc3339 } from './clock';

afterEach(() => followHome(null));

describe('the clock', () => {
  it('writes milliseconds and the local offset, and means the same instant', () => {
    const at = new Date(2026, 10, 24, 9, 12, 40, 7);
    const text = rfc3339(at);
    expect(text).toMatch(/^2026-11-24T09:12:40\.007[+-]\d\d:\d\d$/);
    expect(new Date(text).getTime()).toBe(at.getTime());
  });

  it('says today as the server does where the phone is clearly off, and as the phone does elsewhere', () => {
    const days = (count: number) => count * 86_400_000;
    followHome(days(-365));
    expect(Math.abs(now().getTime() - Date.now() + days(365))).toBeLessThan(1_000);
    expect(localDay()).toBe(localDay(new Date(Date.now() - days(365))));
    followHome(60_000);
    expect(Math.abs(now().getTime() - Date.now())).toBeLessThan(1_000);
    followHome(null);
    expect(localDay()).toBe(localDay(new Date()));
  });

  it('writes down that it was set with whatever follows, and before it', () => {
    const phone = new FakePhone([]);
    phone.notice_clock = (at, monotonic) => [{ store: 'log', key: 'jump', value: `${typeof at} ${typeof monotonic}` }];
    const { writes } = noticing((core) => core.record('"x"', '', new Uint8Array()))(phone);
    expect(writes.map(({ key }) => key)).toEqual(['jump', '000000000001']);
    expect(writes[0]?.value).toBe('string number');
  });

  it('takes the local day', () => {
    expect(localDay(new Date(2026, 0, 5, 0, 1))).toBe('2026-01-05');
  });
});
