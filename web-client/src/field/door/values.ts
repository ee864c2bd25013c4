// A registry value in words: the choice's label, yes or no, a number as it is written.

import type { Field, FieldValue, Kind, PersonCard } from '../../core/types';
import { language, say, t } from '../../words';
import { phoneFields, registryField, type FormField } from '../form/kind-file';

export function valueText({ value, label }: Pick<FieldValue, 'value' | 'label'>): string {
  if (label) return say(label);
  if (typeof value === 'boolean') return value ? t('form.yes') : t('form.no');
  return value === null ? '' : String(value);
}

export function shownValue(field: Field | null | undefined): string {
  const shown = field?.values.find((one) => one.shown) ?? field?.values[0];
  return shown ? valueText(shown) : '';
}

/** Every number under which a person can be reached, disputed ones included. */
export function numbersOf(person: PersonCard, kinds: Kind[]): { field: Field; numbers: string[] }[] {
  return person.fields
    .filter((field) => phoneFields(kinds, field.type).some((one) => one.name === field.field))
    .map((field) => ({ field, numbers: [...new Set(field.values.map(valueText).filter(Boolean))] }))
    .filter(({ numbers }) => numbers.length > 0);
}

/** Sex, relation to the head: choices that follow a national code table, shown beside the name. */
export function factsOf(person: PersonCard, kinds: Kind[]): string[] {
  return person.fields
    .filter((field) => {
      const known = registryField(kinds, field.type, field.field);
      return known?.type === 'choice' && !!known.code_table && known.class === 'open';
    })
    .slice(0, 2)
    .map(shownValue)
    .filter(Boolean);
}

/** What to mind at the door: a choice that could be "ok" and is not (听力弱). */
export function warningsOf(person: PersonCard, kinds: Kind[]): string[] {
  return person.fields
    .filter((field) => {
      const known: FormField | null = registryField(kinds, field.type, field.field);
      const shown = field.values.find((one) => one.shown) ?? field.values[0];
      return known?.choices?.some(({ value }) => value === 'ok') && shown && shown.value !== 'ok' && shown.value !== null;
    })
    .map((field) => (language.value === 'zh' ? `${say(field.labels)}${shownValue(field)}` : `${say(field.labels)}: ${shownValue(field)}`));
}
