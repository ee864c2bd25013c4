import { describe, expect, it } from 'vitest';
import { en } from './en';
import { zh } from './zh';
import { language, say, t } from './index';

const placeholders = (sentence: string) => [...sentence.matchAll(/\{(\w+)\}/g)].map((found) => found[1]).sort();

describe('the words of the desk', () => {
  it('have the same keys in both languages', () => {
    expect(Object.keys(en).sort()).toEqual(Object.keys(zh).sort());
  });

  it('take the same values in both languages', () => {
    for (const key of Object.keys(zh) as (keyof typeof zh)[]) {
      expect(placeholders(en[key]), key).toEqual(placeholders(zh[key]));
    }
  });

  it('are none of them empty', () => {
    for (const sentence of [...Object.values(zh), ...Object.values(en)]) expect(sentence.trim()).not.toBe('');
  });

  it('never claim more than a rung: there is no "synced"', () => {
    for (const sentence of [...Object.values(zh), ...Object.values(en)]) {
      expect(sentence).not.toMatch(/synced|synchroni[sz]ed|同步/i);
    }
  });

  it('say a label in the language chosen', () => {
    expect(say({ zh: '结果', en: 'Outcome' })).toBe('结果');
    language.value = 'en';
    expect(say({ zh: '结果', en: 'Outcome' })).toBe('Outcome');
    expect(t('clock.fast', { span: '3 s' })).toBe('3 s fast');
    language.value = 'zh';
    expect(say(null)).toBe('');
  });
});
