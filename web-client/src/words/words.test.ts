// Chinese and English say the same things: the same keys, the same places to fill in.

import { describe, expect, it } from 'vitest';
import { en } from './en';
import { language, t } from './index';
import { longDay, span, shortTime } from './times';
import { zh } from './zh';

const places = (sentence: string) => [...sentence.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();

describe('the words', () => {
  it('have the same keys in both languages', () => {
    expect(Object.keys(en)).toEqual(Object.keys(zh));
  });

  it('leave the same places to fill in', () => {
    for (const key of Object.keys(zh) as (keyof typeof zh)[]) {
      expect([key, places(en[key])]).toEqual([key, places(zh[key])]);
    }
  });

  it('never say 已同步', () => {
    const said = [...Object.values(zh), ...Object.values(en)].join('\n');
    expect(said).not.toMatch(/已同步|synced/i);
  });

  it('fill in values and follow the language', () => {
    expect(t('today.left', { n: 9 })).toBe('还有 9 户');
    language.value = 'en';
    expect(t('today.left', { n: 9 })).toBe('9 doors left');
    language.value = 'zh';
  });
});

describe('times', () => {
  const now = new Date(2026, 10, 24, 10, 30);

  it('show the clock today, and the day before that', () => {
    expect(shortTime(new Date(2026, 10, 24, 9, 5), now)).toBe('09:05');
    expect(shortTime(new Date(2026, 10, 23, 23, 59), now)).toBe('昨天 23:59');
    expect(shortTime(new Date(2026, 10, 22, 8, 0), now)).toBe('11月22日 08:00');
  });

  it('say the year of a day where it is another', () => {
    expect(longDay('2026-10-01', now)).toBe('10月1日');
    expect(longDay('2025-12-01', now)).toBe('2025年12月1日');
  });

  it('say an offset in its largest sensible unit', () => {
    expect(span(-3_000)).toBe('3 秒');
    expect(span(180_000)).toBe('3 分钟');
    expect(span(7_200_000)).toBe('2 小时');
  });
});
