// Forms from kind files: which questions are asked, in what order, and what body is saved.
// The real kind files are read, so that a change to one that the form cannot draw is seen here.

import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Kind } from '../../core/types';
import { absentAnswer, defaultsOf, doorForms, fieldsOf, phoneFields, subjectOf, type FormField } from './kind-file';
import { isAsked, pagesOf, problemsAt, questionsOf } from './questions';
import { cleaned, holds, visibleFields } from './visible';

const folder = new URL('../../../../schemas/kinds/', import.meta.url);
const kinds = readdirSync(folder).map((name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as Kind);
const forms = doorForms(kinds);

describe('conditions', () => {
  it('count a field without a value as null', () => {
    expect(holds({ field: 'a', equals: null }, {})).toBe(true);
    expect(holds({ field: 'a', not: null }, { a: null })).toBe(false);
    expect(holds({ field: 'a', not: null }, { a: false })).toBe(true);
    expect(holds({ not: { field: 'a', equals: true } }, {})).toBe(true);
  });

  it('combine', () => {
    const either = { any: [{ field: 'a', in: ['x', 'y'] }, { all: [{ field: 'b', equals: 3 }, { field: 'c', not: 'z' }] }] };
    expect(holds(either, { a: 'y' })).toBe(true);
    expect(holds(either, { b: 3 })).toBe(true);
    expect(holds(either, { b: 3, c: 'z' })).toBe(false);
  });
});

describe('the forms of a door', () => {
  it('are found by what a record is about and does, not by name', () => {
    expect(forms.check && subjectOf(forms.check)?.to).toBe('dwelling');
    expect(forms.visit && subjectOf(forms.visit)?.to).toContain('person');
    expect(forms.others.length).toBeGreaterThan(0);
    expect(forms.others.every((kind) => kind.family === 'record')).toBe(true);
  });

  it('know the answer that says nobody is home', () => {
    const absent = absentAnswer(forms.check!);
    expect(absent?.choice.mark).toBe('absent');
    expect(absent?.choice.closes).toBe(false);
  });

  it('know where a phone number is kept', () => {
    expect(phoneFields(kinds, 'person').length).toBeGreaterThan(0);
  });

  it('draw only field types that FieldView draws', () => {
    const drawn = ['text', 'text_long', 'integer', 'bool', 'choice', 'date', 'instant', 'ref', 'set', 'list', 'object'];
    const walk = (fields: FormField[]): string[] => fields.flatMap((field) => [field.type, ...walk(field.fields ?? [])]);
    for (const kind of kinds) expect(walk(fieldsOf(kind)).filter((type) => !drawn.includes(type))).toEqual([]);
  });
});

describe('a visit', () => {
  const visit = forms.visit!;
  const subject = subjectOf(visit)!.name;
  const asks = (field: FormField) => isAsked(field) && field.name !== subject;
  const met = { ...defaultsOf(fieldsOf(visit)), met: 'met', contact_person: 'self' };

  it('skips the steps that do not apply when nobody was met', () => {
    const steps = (answers: Record<string, unknown>) => pagesOf(visit, answers, asks).map(({ step }) => step?.name);
    expect(steps(met)).toEqual(['meet', 'health', 'safety', 'needs', 'errands']);
    expect(steps({ ...met, met: 'not_home' })).toEqual(['meet', 'errands']);
  });

  it('asks one question at a time, never for ids', () => {
    const questions = questionsOf(visit, met, asks);
    expect(questions.map(({ path }) => path)).toContain('/health/mood');
    expect(questions.some(({ field }) => field.type === 'ref' || field.type === 'object')).toBe(false);
  });

  it('asks what to watch only after an answer that needs it', () => {
    const paths = (health: object) => questionsOf(visit, { ...met, health }, asks).map(({ path }) => path);
    expect(paths({ mood: 'ok' })).not.toContain('/health/watch_for');
    expect(paths({ mood: 'watch' })).toContain('/health/watch_for');
  });

  it('saves no hidden and no empty answers', () => {
    const body = cleaned(fieldsOf(visit), {
      ...met,
      met: 'not_home',
      health: { mood: 'bad', watch_for: 'x' },
      service_needs: [],
      note: '  ',
      items_brought: [{ item: ' 青菜 ', quantity: 2, unit: '' }],
    });
    expect(body).toEqual({
      purpose: 'routine',
      mode: 'door',
      met: 'not_home',
      items_brought: [{ item: '青菜', quantity: 2 }],
    });
  });
});

describe('hidden answers', () => {
  const fields: FormField[] = [
    { name: 'a', type: 'bool', labels: { zh: 'a', en: 'a' } },
    { name: 'b', type: 'bool', labels: { zh: 'b', en: 'b' }, visible_if: { field: 'a', equals: true } },
    { name: 'c', type: 'bool', labels: { zh: 'c', en: 'c' }, visible_if: { field: 'b', equals: true } },
  ];

  it('do not keep others visible', () => {
    expect(visibleFields(fields, { a: false, b: true }).map(({ name }) => name)).toEqual(['a']);
    expect(visibleFields(fields, { a: true, b: true }).map(({ name }) => name)).toEqual(['a', 'b', 'c']);
  });
});

describe('problems', () => {
  it('belong to their field and the groups around it', () => {
    const problem = { path: '/items_brought/0/item', code: 'missing', sentence: { zh: '请填写', en: 'Please fill in' } };
    expect(problemsAt([problem], '/items_brought')).toEqual([problem]);
    expect(problemsAt([problem], '/items')).toEqual([]);
  });
});
