// The order in which a form is asked: by the kind file's steps on a page each, or one question
// per screen in 长辈版. References that nobody can choose from are not asked.

import type { Kind, Problem } from '../../core/types';
import { fieldsOf, stepsOf, type FormField, type Step } from './kind-file';
import { visibleFields, type Answers } from './visible';

export interface Question {
  /** JSON pointer into the body: /health/mood */
  path: string;
  field: FormField;
  /** the group it belongs to, where it is one of several */
  group: FormField | null;
}

export interface Page {
  step: Step | null;
  fields: FormField[];
}

/** Which fields the form asks; what it knows by itself (the subject, ids nobody types) it does not. */
export type Asks = (field: FormField) => boolean;

/** Whether a field can be answered by hand at all: ids are chosen from `refs` or not asked. */
export function isAsked(field: FormField, refs: (field: FormField) => unknown[] = () => []): boolean {
  if (field.type === 'ref') return refs(field).length > 0;
  if (field.type === 'set' && !field.choices) return false;
  return true;
}

/** Answered beforehand by the kind file, and not changed: one line is enough. */
export function isFolded(field: FormField, answers: Answers): boolean {
  return field.type === 'choice' && field.default !== undefined && answers[field.name] === field.default;
}

/** Only filled in when something is written down afterwards; kept out of the way. */
export function isAfterwards(field: FormField): boolean {
  return field.type === 'instant' && !field.required;
}

/** The pages of the form; a step whose fields are all hidden is skipped. */
export function pagesOf(kind: Kind, answers: Answers, asks: Asks): Page[] {
  const asked = visibleFields(fieldsOf(kind), answers).filter(asks);
  const steps = stepsOf(kind);
  if (steps.length === 0) return [{ step: null, fields: asked }];
  const first = steps[0]?.name;
  const pages = steps.map((step) => ({ step, fields: asked.filter((field) => (field.step ?? first) === step.name) }));
  return pages.filter((page) => page.fields.length > 0);
}

/** Every question by itself, in the same order; `unfolded` are asked although they have their answer. */
export function questionsOf(kind: Kind, answers: Answers, asks: Asks, unfolded: string[] = []): Question[] {
  return pagesOf(kind, answers, asks)
    .flatMap(({ fields }) => fields)
    .filter((field) => !isAfterwards(field) && (!isFolded(field, answers) || unfolded.includes(field.name)))
    .flatMap((field): Question[] => {
      if (field.type !== 'object') return [{ path: `/${field.name}`, field, group: null }];
      const inside = visibleFields(field.fields ?? [], (answers[field.name] ?? {}) as Answers);
      return inside.map((one) => ({ path: `/${field.name}/${one.name}`, field: one, group: field }));
    });
}

/** The problems at a field or inside it. */
export function problemsAt(problems: Problem[], path: string): Problem[] {
  return problems.filter((problem) => problem.path === path || problem.path.startsWith(`${path}/`));
}
