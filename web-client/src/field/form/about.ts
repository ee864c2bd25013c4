// What a form can know by itself from the door's card: whom or what the record may be about,
// which visit a hazard was found in, what was answered once and for all, what is left to do.
// Nothing here knows a kind or a field by name: references, `once` and list shapes say it.

import type { DoorCard, Kind, RecordRow } from '../../core/types';
import type { Option } from '../../kit/ChoiceGroup.vue';
import { joined, say, t } from '../../words';
import { clock } from '../../words/times';
import { localDay } from '../../core/clock';
import { effectsOf, fieldsOf, subjectOf, targets, type FormField } from './kind-file';
import type { Answers } from './visible';

/** Whom or what a record of this kind can be about, the most likely first. */
export function candidatesOf(kind: Kind, door: DoorCard): Option[] {
  const subject = subjectOf(kind);
  const to = subject ? targets(subject) : [];
  const people = door.persons.map((person) => ({ value: person.id, label: person.name, planned: !!person.care_plan }));
  const household = door.household && door.household_plan ? [{ value: door.household, label: t('form.whole_household'), planned: true }] : [];
  const planned = [...(to.includes('person') ? people : []), ...(to.includes('household') ? household : [])].filter((one) => one.planned);
  if (planned.length > 0) return planned;
  if (to.includes('person')) return people;
  if (to.includes('entry')) return door.matters.map((matter) => ({ value: matter.entry, label: say(matter.summary) }));
  if (!to.includes('dwelling')) return [];
  const here = { value: door.dwelling, label: t('form.this_door', { room: door.room }) };
  const building = { value: door.building_id ?? '', label: t('form.whole_building', { building: door.building }) };
  return to.includes('place') && door.building_id ? [here, building] : [here];
}

/** What a reference can be chosen from: people who live here, or what I recorded here today. */
export function refsOf(field: FormField, kind: Kind, door: DoorCard, kinds: Kind[]): Option[] {
  const to = targets(field);
  if (to.includes('person')) return door.persons.map((person) => ({ value: person.id, label: person.name }));
  if (!to.includes('entry')) return [];
  const sources = kinds.filter((one) => one.family === 'record' && one !== kind && !effectsOf(one).moves).map((one) => one.kind);
  return door.records
    .filter((record) => record.own && !record.withdrawn && sources.includes(record.kind) && localDay(new Date(record.home_at ?? record.made_at)) === localDay())
    .map((record) => ({ value: record.entry, label: joined([say(record.kind_labels), clock(record.made_at)]) }));
}

/** Whether a record of this kind about this subject has said yes already. */
export function isAnsweredOnce(field: FormField, kind: Kind, door: DoorCard, subject: string | null): boolean {
  return !!field.once && recordsAbout(kind, door, subject).some(({ body }) => body[field.name] === true);
}

/** Rows that an earlier record left undone, to be gone through this time. A list can carry rows
    over if they say whether they are done and in which record they were asked for. */
export function carriedOver(kind: Kind, door: DoorCard, subject: string | null): Answers {
  const carried: Answers = {};
  for (const list of fieldsOf(kind).filter(({ type }) => type === 'list')) {
    const asked = list.fields?.find((field) => field.type === 'ref' && targets(field).includes('entry'));
    const done = list.fields?.find((field) => field.type === 'bool' && field.required);
    if (!asked || !done) continue;
    const rows = new Map<string, Answers>();
    for (const record of [...recordsAbout(kind, door, subject)].reverse()) {
      const seen = new Map<string, number>();
      for (const row of (record.body[list.name] as Answers[] | undefined) ?? []) {
        const origin = row[asked.name] ?? record.entry;
        const same = JSON.stringify([origin, ...list.fields!.filter(({ type }) => type === 'choice').map(({ name }) => row[name])]);
        seen.set(same, (seen.get(same) ?? 0) + 1);
        const key = `${same} ${seen.get(same)}`;
        const words = Object.entries(row).filter(([name, value]) => name !== asked.name && typeof value === 'string');
        if (row[done.name] === true) rows.delete(key);
        else rows.set(key, { ...Object.fromEntries(words), [done.name]: false, [asked.name]: origin });
      }
    }
    if (rows.size > 0) carried[list.name] = [...rows.values()].slice(0, list.max_items);
  }
  return carried;
}

/** The newest record of this kind about this subject: what was answered last time. */
export function lastRecord(kind: Kind, door: DoorCard, subject: string | null): RecordRow | null {
  return recordsAbout(kind, door, subject)[0] ?? null;
}

/** Newest first; held ones count: they were said. */
function recordsAbout(kind: Kind, door: DoorCard, subject: string | null): RecordRow[] {
  const field = subjectOf(kind)?.name ?? '';
  return door.records.filter((record) => record.kind === kind.kind && !record.withdrawn && record.body[field] === subject);
}
