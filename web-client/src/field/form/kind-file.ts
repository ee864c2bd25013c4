// Reads what a kind file says about drawing a form: fields, steps, and what the record is about.
// No kind is known here by name; effects and references say which form fits a door.

import type { Kind, Label } from '../../core/types';
import { holds } from './visible';

export type Condition =
  | { field: string; equals: Scalar }
  | { field: string; in: Scalar[] }
  | { field: string; not: Scalar }
  | { all: Condition[] }
  | { any: Condition[] }
  | { not: Condition };

type Scalar = string | number | boolean | null;

export interface Choice {
  value: string;
  labels: Label;
  mark?: string;
  closes?: boolean;
  /** chosen at the desk only */
  desk_only?: boolean;
}

export interface FormField {
  name: string;
  type: 'text' | 'text_long' | 'integer' | 'bool' | 'choice' | 'date' | 'instant' | 'ref' | 'set' | 'list' | 'object';
  labels: Label;
  hint?: Label;
  unit?: Label;
  required?: boolean;
  /** once yes for a subject, not asked again */
  once?: boolean;
  class?: string;
  step?: string;
  default?: string;
  choices?: Choice[];
  to?: string | string[];
  min?: number;
  max?: number;
  max_length?: number;
  max_items?: number;
  validate?: string;
  code_table?: string;
  visible_if?: Condition;
  fields?: FormField[];
}

export interface Step {
  name: string;
  labels: Label;
}

interface Effects {
  closes?: { subject: string; by: string };
  resets?: { subject: string; when: Condition };
  opens?: { subject: string };
  moves?: { opened_by: string; by: string };
  /** a number that only the server can read; `last_four`: the registry field that says its end */
  seals?: { subject: string; number: string; last_four: string };
}

export function fieldsOf(kind: Kind): FormField[] {
  return kind.fields as unknown as FormField[];
}

export function stepsOf(kind: Kind): Step[] {
  return (kind['steps'] as Step[] | undefined) ?? [];
}

export function guideOf(kind: Kind): Label | null {
  return (kind['guide'] as Label | undefined) ?? null;
}

export function effectsOf(kind: Kind): Effects {
  return (kind['effects'] as Effects | undefined) ?? {};
}

export function targets(field: FormField): string[] {
  return field.to === undefined ? [] : Array.isArray(field.to) ? field.to : [field.to];
}

/** What the record is about: as its effects say, else its first required reference. */
export function subjectOf(kind: Kind): FormField | null {
  const effects = effectsOf(kind);
  const named = effects.closes?.subject ?? effects.resets?.subject ?? effects.opens?.subject ?? effects.moves?.opened_by;
  const refs = fieldsOf(kind).filter((field) => field.type === 'ref');
  return refs.find((field) => field.name === named) ?? refs.find((field) => field.required) ?? null;
}

export interface DoorForms {
  /** closes the door for coverage */
  check: Kind | null;
  /** resets the clock of a care plan */
  visit: Kind | null;
  /** moves a matter on that another record opened */
  step: Kind | null;
  others: Kind[];
}

/** The records that can be made at a door, found by what they are about and what they do. */
export function doorForms(kinds: Kind[]): DoorForms {
  const here = kinds.filter((kind) => {
    // What is sealed has no form: it is kept nowhere until it is.
    const subject = kind.family === 'record' && !effectsOf(kind).seals ? subjectOf(kind) : null;
    return !!subject && targets(subject).some((to) => to === 'dwelling' || to === 'person' || to === 'household');
  });
  const check = here.find((kind) => effectsOf(kind).closes) ?? null;
  const visit = here.find((kind) => effectsOf(kind).resets) ?? null;
  const step = kinds.find((kind) => effectsOf(kind).moves) ?? null;
  return { check, visit, step, others: here.filter((kind) => kind !== check && kind !== visit) };
}

/** The answer that says "nobody home" without closing the door: the first with that mark. */
export function absentAnswer(kind: Kind): { field: string; choice: Choice } | null {
  const by = effectsOf(kind).closes?.by;
  const field = fieldsOf(kind).find((one) => one.name === by);
  const choice = field?.choices?.find((one) => one.mark === 'absent');
  return field && choice ? { field: field.name, choice } : null;
}

/** The answer that says "went there, met nobody": the first that restarts no clock. */
export function missedAnswer(kind: Kind): { field: string; choice: Choice } | null {
  const when = effectsOf(kind).resets?.when;
  const field = when && 'field' in when ? fieldsOf(kind).find((one) => one.name === when.field) : undefined;
  const choice = field?.choices?.find(({ value }) => when && !holds(when, { [field.name]: value }));
  return field && choice ? { field: field.name, choice } : null;
}

/** The answers that are offered on a phone. */
export function choicesOf(field: FormField): Choice[] {
  return (field.choices ?? []).filter((choice) => !choice.desk_only);
}

/** Whether an answer says that something is not as it should be: there was an "ok" to choose, or it is mended. */
export function isToWatch(field: FormField, value: string): boolean {
  return !!field.choices?.some((one) => one.value === 'ok') && value !== 'ok' && value !== 'fixed';
}

/** What the form starts with before anyone has answered. */
export function defaultsOf(fields: FormField[]): Record<string, unknown> {
  const given: Record<string, unknown> = {};
  for (const field of fields) if (field.default !== undefined) given[field.name] = field.default;
  return given;
}

/** The registry fields of a type that hold a phone number. */
export function phoneFields(kinds: Kind[], type: string): FormField[] {
  const kind = kinds.find((one) => one.family === 'registry' && one.kind === type);
  return kind ? fieldsOf(kind).filter((field) => field.validate === 'phone') : [];
}

export function registryField(kinds: Kind[], type: string, name: string): FormField | null {
  const kind = kinds.find((one) => one.family === 'registry' && one.kind === type);
  return kind ? (fieldsOf(kind).find((field) => field.name === name) ?? null) : null;
}

/** The kind that carries a sealed number of somebody, as its effect says; null: there is none. */
export function sealing(kinds: Kind[]): ({ kind: Kind } & NonNullable<Effects['seals']>) | null {
  const kind = kinds.find((one) => effectsOf(one).seals);
  const seals = kind && effectsOf(kind).seals;
  return kind && seals ? { kind, ...seals } : null;
}
