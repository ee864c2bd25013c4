import { describe, expect, it } from 'vitest';
import type { HeldField, HeldForm } from './answers';
import { amended, writtenOf } from './amending';

const field = (more: Partial<HeldField>): HeldField => ({
  name: 'people_present', within: null, member: null, labels: { zh: '在家人数', en: 'At home' }, required: false, value: null, text: null, now: null,
  input: { type: 'integer', min: 0, max: 99, unit: null }, ...more,
});
const never = (name: string) => expect.fail(`${name} is fine`);

describe('amending a held entry', () => {
  const record: HeldForm = {
    type: 'record',
    body: { outcome: 'met', people_present: 500, health: { mood: 'good' } },
    fields: [field({ value: 500 }), field({ name: 'note', input: { type: 'text', max_length: 9, lines: true } }), field({ name: 'health', value: { mood: 'good' }, input: null })],
  };

  it('sends what was changed and keeps the rest as it was', () => {
    expect(amended(record, ['5', '', ''], never)).toEqual({ body: { outcome: 'met', people_present: 5, health: { mood: 'good' } } });
  });

  it('leaves out what was cleared', () => {
    expect(amended(record, ['', '没数', ''], never)).toEqual({ body: { outcome: 'met', note: '没数', health: { mood: 'good' } } });
  });

  it('puts pieces of objects and members of sets where they belong', () => {
    const piece = (name: string, value: string | null) => field({ name, within: 'health', value, input: { type: 'choice', choices: [] } });
    const member = (name: string, value: boolean) => field({ name: 'service_needs', member: name, value, input: { type: 'bool' } });
    const visit: HeldForm = {
      type: 'record',
      body: { health: { mood: 'good' }, service_needs: ['meal', 'care'] },
      fields: [piece('mood', 'good'), piece('illness', null), member('meal', true), member('rehab', false)],
    };
    expect(amended(visit, ['good', 'none', 'false', 'true'], never)).toEqual({
      body: { health: { mood: 'good', illness: 'none' }, service_needs: ['care', 'rehab'] },
    });
    expect(amended({ ...visit, body: { health: { mood: 'good' }, service_needs: ['meal'] } }, ['', '', 'false', 'false'], never)).toEqual({ body: {} });
    expect(visit.body).toEqual({ health: { mood: 'good' }, service_needs: ['meal', 'care'] });
  });

  it('says which field holds no value', () => {
    const wrong: string[] = [];
    expect(amended(record, ['五', '', ''], (name) => wrong.push(name))).toBeNull();
    expect(wrong).toEqual(['people_present']);
  });

  it('keeps the order of an edit, and clears with null', () => {
    const set = [
      { type: 'person', id: 'a', field: 'sex', value: 'neither' },
      { type: 'person', id: 'a', field: 'living:alone', value: true },
    ];
    const edit: HeldForm = {
      type: 'edit', set,
      fields: [field({ name: 'sex', value: 'neither', input: { type: 'choice', choices: [] } }), field({ name: 'living:alone', value: true, input: { type: 'bool' } })],
    };
    expect(writtenOf(edit.fields[1]!)).toBe('true');
    expect(amended(edit, ['', 'true'], never)).toEqual({ set: [{ ...set[0], value: null }, set[1]] });
  });
});
