import { afterEach, describe, expect, it } from 'vitest';
import { language } from '../words';
import { clockBeside, dateAndClock, dayName, difference, differsMuch } from './clock';

const TODAY = '2026-11-24T10:42:08.000+08:00';

afterEach(() => {
  language.value = 'zh';
});

describe('instants in words', () => {
  it('shows the phone clock as the phone wrote it, whatever zone this computer is in', () => {
    expect(dateAndClock('2026-11-24T09:12:40.123+08:00', TODAY)).toBe('11月24日 09:12:40');
    expect(dateAndClock('2026-11-24T09:12:40.123-03:30', TODAY)).toBe('11月24日 09:12:40');
  });

  it('names the year where it is another', () => {
    expect(dateAndClock('2025-03-02T00:00:05.000+08:00', TODAY)).toBe('2025年3月2日 00:00:05');
    expect(dayName('2025-03-02', TODAY)).toBe('2025年3月2日');
    expect(dayName('2026-11-04', TODAY)).toBe('11月4日');
  });

  it('leaves the date out beside a time of the same day', () => {
    const phone = '2026-11-24T09:12:40.123+08:00';
    expect(clockBeside('2026-11-24T09:40:05.000+08:00', phone, TODAY)).toBe('09:40:05');
    expect(clockBeside('2026-11-25T00:00:01.000+08:00', phone, TODAY)).toBe('11月25日 00:00:01');
  });

  it('says unknown for what no clock wrote', () => {
    expect(dateAndClock(null, TODAY)).toBe('不清楚');
  });

  it('speaks English', () => {
    language.value = 'en';
    expect(dateAndClock('2026-11-24T09:12:40.123+08:00', TODAY)).toBe('24 Nov 09:12:40');
  });
});

describe('clock difference', () => {
  it('is fast where the phone is ahead of the server', () => {
    expect(difference(-3000)).toBe('快 3 秒');
    expect(difference(41_400)).toBe('慢 41 秒');
  });

  it('claims no exactness it does not have', () => {
    expect(difference(0)).toBe('不到 1 秒');
    expect(difference(-499)).toBe('不到 1 秒');
    expect(difference(-500)).toBe('快 1 秒');
  });

  it('grows to minutes, hours and days', () => {
    expect(difference(60_000)).toBe('慢 1 分');
    expect(difference(-125_000)).toBe('快 2 分 5 秒');
    expect(difference(7_260_000)).toBe('慢 2 小时 1 分');
    expect(difference(-90_000_000)).toBe('快 1 天 1 小时');
  });

  it('asks for a second look from a minute on', () => {
    expect(differsMuch(-59_999)).toBe(false);
    expect(differsMuch(60_000)).toBe(true);
  });
});
