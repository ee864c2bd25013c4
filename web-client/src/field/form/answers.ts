// A record's answers in words, in the order of its form: what a colleague reads on the door's card.

import type { Kind } from '../../core/types';
import { joined, say, t } from '../../words';
import { dayName, shortTime } from '../../words/times';
import { effectsOf, fieldsOf, type FormField } from './kind-file';
import type { Answers } from './visible';

export interface Answer {
  label: string;
  value: string;
}

/** Every answer but ids, what is sealed, and what the line above says already. */
export function answersOf(kind: Kind, body: Answers): Answer[] {
  const said = [effectsOf(kind).closes?.by, effectsOf(kind).moves?.by];
  return fieldsOf(kind).flatMap((field): Answer[] => {
    const value = body[field.name];
    if (value === undefined || said.includes(field.name) || field.validate === 'sealed' || (field.required && field.type === 'choice')) return [];
    if (field.type === 'object') return answersIn(field, value as Answers);
    const words = inWords(field, value);
    return words ? [{ label: say(field.labels), value: words }] : [];
  });
}

function answersIn(group: FormField, body: Answers): Answer[] {
  return (group.fields ?? []).flatMap((field): Answer[] => {
    const words = body[field.name] === undefined ? '' : inWords(field, body[field.name]);
    return words ? [{ label: say(field.labels), value: words }] : [];
  });
}

/** One answer in words; empty where it has none to show. */
export function inWords(field: FormField, value: unknown): string {
  const choice = (one: unknown) => say(field.choices?.find((known) => known.value === one)?.labels) || String(one);
  switch (field.type) {
    case 'ref':
    case 'object':
      return '';
    case 'choice':
      return choice(value);
    case 'set':
      return field.choices ? (value as unknown[]).map(choice).join('、') : '';
    case 'bool':
      return value ? t('form.yes') : t('form.no');
    case 'date':
      return dayName(String(value));
    case 'instant':
      return shortTime(String(value));
    case 'integer':
      return field.unit ? `${String(value)} ${say(field.unit)}` : String(value);
    case 'list':
      return (value as Answers[]).map((row) => rowInWords(field, row)).join('；');
    default:
      return String(value);
  }
}

/** 青菜 2 斤・买药取药：还没办好 */
function rowInWords(list: FormField, row: Answers): string {
  return joined(
    (list.fields ?? []).map((field) => {
      if (row[field.name] === undefined) return null;
      const words = inWords(field, row[field.name]);
      return field.type === 'bool' ? `${say(field.labels)}：${words}` : words;
    }),
  );
}
