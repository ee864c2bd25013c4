// What a form knows by itself: whom it can be about, what was answered once, what is left to do.

import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { DoorCard, Kind, RecordRow } from '../../core/types';
import { candidatesOf, carriedOver, isAnsweredOnce, refsOf } from './about';
import { answersOf } from './answers';
import { choicesOf, doorForms, fieldsOf, missedAnswer, subjectOf } from './kind-file';

const folder = new URL('../../../../schemas/kinds/', import.meta.url);
const kinds = readdirSync(folder).map((name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as Kind);
const { check, visit, step, others } = doorForms(kinds);
const subject = subjectOf(visit!)!.name;
const hazard = others.find((kind) => 'opens' in (kind['effects'] as object))!;
const words = (text: string) => ({ zh: text, en: text });
const plan = {
  id: 'plan', level: null, interval_days: 2, in_person_every_days: null, due_on: '2026-11-24', days_overdue: 0, wants_in_person: false,
};

function person(id: string, planned: boolean): DoorCard['persons'][number] {
  return { id, name: id, fields: [], age: null, care_categories: [], warnings: [], care_plan: planned ? plan : null };
}

function record(kind: Kind, entry: string, body: Record<string, unknown>, more: Partial<RecordRow> = {}): RecordRow {
  return {
    entry, kind: kind.kind, kind_labels: kind.labels, made_at: new Date().toISOString(), home_at: null, worker_name: null, own: true, rung: 'merged', reason: null,
    reason_text: null, room: '302', address: '', dwelling: 'door', summary: words(''), withdrawn: false, corrected: false, corrects: null, late: false, body, ...more,
  };
}

function card(more: Partial<DoorCard> = {}): DoorCard {
  return {
    dwelling: 'door', grid: 'grid', room: '302', building: '5号楼', compound: null, unit: '2', building_id: 'building', household: 'home', household_plan: null,
    state: { mark: null, label: null, closed: false, at: null, worker_name: null, rung: null }, fields: [], persons: [], matters: [], records: [], records_since: null, ...more,
  };
}

describe('whom a record can be about', () => {
  const values = (kind: Kind, door: DoorCard) => candidatesOf(kind, door).map(({ value }) => value);

  it('is who is on a plan, the household as a whole included, else whoever lives there', () => {
    const persons = [person('chen', true), person('li', false)];
    expect(values(visit!, card({ persons }))).toEqual(['chen']);
    expect(values(visit!, card({ persons, household_plan: plan }))).toEqual(['chen', 'home']);
    expect(values(visit!, card({ persons: [person('li', false)] }))).toEqual(['li']);
  });

  it('is the door or its building for a hazard, and an open one for a step', () => {
    expect(values(check!, card())).toEqual(['door']);
    expect(values(hazard, card())).toEqual(['door', 'building']);
    const matter = { entry: 'found', summary: words('私拉乱接') } as DoorCard['matters'][number];
    expect(values(step!, card({ matters: [matter] }))).toEqual(['found']);
  });
});

describe('where a hazard was found', () => {
  const field = fieldsOf(hazard).find(({ name, type }) => type === 'ref' && name !== subjectOf(hazard)!.name)!;
  const from = (records: RecordRow[]) => refsOf(field, hazard, card({ records }), kinds).map(({ value }) => value);

  it('is one of my own records of today at this door', () => {
    const yesterday = new Date(Date.now() - 86_400_000).toISOString();
    expect(from([
      record(visit!, 'mine', {}), record(visit!, 'theirs', {}, { own: false }), record(check!, 'old', {}, { made_at: yesterday }),
      record(check!, 'undone', {}, { withdrawn: true }), record(hazard, 'itself', {}),
    ])).toEqual(['mine']);
  });
});

describe('what is asked once', () => {
  const once = fieldsOf(visit!).find((field) => field.once)!;
  const answered = (body: Record<string, unknown>, more: Partial<RecordRow> = {}) =>
    isAnsweredOnce(once, visit!, card({ records: [record(visit!, 'a', { [subject]: 'chen', ...body }, more)] }), 'chen');

  it('is not asked again after a yes about the same person', () => {
    expect(answered({ [once.name]: true })).toBe(true);
    expect(answered({ [once.name]: false })).toBe(false);
    expect(answered({ [once.name]: true }, { withdrawn: true })).toBe(false);
    expect(answered({ [once.name]: true, [subject]: 'li' })).toBe(false);
  });
});

describe('errands', () => {
  const carried = (...visits: unknown[][]) =>
    carriedOver(visit!, card({ records: visits.map((errands, at) => record(visit!, `v${at}`, { [subject]: 'chen', errands })).reverse() }), 'chen');

  it('that were not done come back on the next visit', () => {
    expect(carried([{ errand: 'medicine', detail: '降压药', done: false, amount_fen: 3000 }, { errand: 'groceries', done: true }])).toEqual({
      errands: [{ errand: 'medicine', detail: '降压药', done: false, asked_in_id: 'v0' }],
    });
  });

  it('are gone once done, however the words were changed', () => {
    expect(carried(
      [{ errand: 'medicine', detail: '降压药', done: false }, { errand: 'bills', done: false }],
      [{ errand: 'medicine', detail: '降压药两盒', done: true, asked_in_id: 'v0' }, { errand: 'bills', done: false, asked_in_id: 'v0' }],
    )).toEqual({ errands: [{ errand: 'bills', done: false, asked_in_id: 'v0' }] });
  });
});

describe('answers', () => {
  it('that only the desk gives are not offered on a phone', () => {
    const source = fieldsOf(kinds.find(({ family }) => family === 'edit')!).find(({ choices }) => choices)!;
    expect(choicesOf(source).length).toBeLessThan(source.choices!.length);
    expect(choicesOf(source).map(({ value }) => value)).toContain('asked_in_person');
    expect(choicesOf(source).map(({ value }) => value)).not.toContain('secretary_decision');
  });

  it('know the one that met nobody', () => {
    expect(missedAnswer(visit!)?.choice.value).toBe('not_home');
  });

  it('are read on the card in words, ids left out', () => {
    const said = answersOf(visit!, {
      [subject]: 'chen', mode: 'door', met: 'met', health: { mood: 'watch', watch_for: '睡不好' }, service_needs: ['meal', 'medicine'],
      errands: [{ errand: 'medicine', done: false, asked_in_id: 'v0' }], number_given: true,
    });
    expect(said).toEqual([
      { label: '精神', value: '留意' }, { label: '哪里要留意', value: '睡不好' }, { label: '需要什么', value: '助餐、代购药品' },
      { label: '代办', value: '买药取药・办好了：否' }, { label: '已留手机号', value: '是' },
    ]);
  });
});
