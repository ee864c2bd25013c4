// Which questions are asked, and the body as it is saved: hidden and unanswered fields have no value.
// The core's checker decides in the end; this follows the same closed grammar so that the form agrees.

import type { Condition, FormField } from './kind-file';

export type Answers = Record<string, unknown>;

export function holds(condition: Condition, answers: Answers): boolean {
  if ('field' in condition) {
    const value = answers[condition.field] ?? null;
    if ('equals' in condition) return value === condition.equals;
    if ('in' in condition) return condition.in.some((one) => one === value);
    return value !== condition.not;
  }
  if ('all' in condition) return condition.all.every((one) => holds(one, answers));
  if ('any' in condition) return condition.any.some((one) => holds(one, answers));
  return !holds(condition.not, answers);
}

/** The fields that are asked among these answers. An answer that is itself hidden does not count. */
export function visibleFields(fields: FormField[], answers: Answers): FormField[] {
  let visible = fields;
  // Hiding one field can hide the next; the chain is no longer than the form.
  for (let round = 0; round <= fields.length; round += 1) {
    const counting = only(visible, answers);
    const now = fields.filter((field) => !field.visible_if || holds(field.visible_if, counting));
    if (now.length === visible.length && now.every((field, index) => field === visible[index])) return now;
    visible = now;
  }
  return visible;
}

/** The body as the core gets it. */
export function cleaned(fields: FormField[], answers: Answers): Answers {
  const body: Answers = {};
  for (const field of visibleFields(fields, answers)) {
    const value = cleanedValue(field, answers[field.name]);
    if (value !== undefined) body[field.name] = value;
  }
  return body;
}

function cleanedValue(field: FormField, value: unknown): unknown {
  if (value === null || value === undefined) return undefined;
  if (typeof value === 'string') return value.trim() === '' ? undefined : field.type === 'text' ? value.trim() : value;
  if (field.type === 'object') {
    const inner = cleaned(field.fields ?? [], value as Answers);
    return Object.keys(inner).length > 0 ? inner : undefined;
  }
  if (field.type === 'list') {
    const rows = (value as Answers[]).map((row) => cleaned(field.fields ?? [], row));
    return rows.length > 0 ? rows : undefined;
  }
  if (field.type === 'set') return (value as string[]).length > 0 ? value : undefined;
  return value;
}

function only(fields: FormField[], answers: Answers): Answers {
  return Object.fromEntries(fields.map((field) => [field.name, answers[field.name]]));
}
