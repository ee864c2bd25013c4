// One form being filled in: its answers, draft, problems and saving. The screens around it only draw.

import { computed, reactive, ref, shallowRef, toRaw, watch } from 'vue';
import type { Failure } from '../../core/calls';
import { localDay } from '../../core/clock';
import type { DoorCard, Kind, Problem } from '../../core/types';
import { namesOf } from '../doors/door-state';
import { asFailure, core } from '../phone';
import { defaultsOf, fieldsOf, subjectOf, targets } from './kind-file';
import type { SavedRecord } from './saved';
import { useDraft } from './useDraft';
import { cleaned, type Answers } from './visible';

export function useForm(kind: Kind, dwelling: string, subjectGiven: string | null) {
  const fields = fieldsOf(kind);
  const subject = subjectOf(kind);
  const draft = useDraft(`${kind.kind}/${dwelling}/${subjectGiven ?? ''}`);

  const answers = reactive<Answers>(defaultsOf(fields));
  const door = shallowRef<DoorCard | null>(null);
  const missing = ref(false);
  const step = ref(0);
  const problems = ref<Problem[]>([]);
  const checked = ref(false);
  const saving = ref(false);
  const slow = ref(false);
  const failure = ref<Failure | null>(null);

  /** About a person: the one given, the only one possible, or one to be chosen. */
  const aboutPerson = !!subject && targets(subject).includes('person');
  const candidates = computed(() => {
    const persons = door.value?.persons ?? [];
    const planned = persons.filter((person) => person.care_plan);
    return planned.length > 0 ? planned : persons;
  });
  const person = computed(() => {
    if (!aboutPerson || !subject) return null;
    const id = subjectGiven ?? answers[subject.name] ?? (candidates.value.length === 1 ? candidates.value[0]?.id : null);
    return door.value?.persons.find((one) => one.id === id) ?? null;
  });
  const mustChoose = computed(() => aboutPerson && !subjectGiven && candidates.value.length > 1);
  const name = computed(() => person.value?.name ?? (door.value ? namesOf({ residents: door.value.persons }) : ''));

  /** What nobody types: the subject and, where the form refers to one, the subject's care plan. */
  const given = computed(() => {
    const known: Answers = {};
    for (const field of fields) {
      if (field.type !== 'ref') continue;
      if (field === subject) known[field.name] = aboutPerson ? person.value?.id : dwelling;
      else if (targets(field).includes('care_plan')) known[field.name] = person.value?.care_plan?.id;
    }
    return known;
  });
  const body = computed(() => cleaned(fields, { ...answers, ...given.value }));

  async function open(): Promise<void> {
    try {
      const [card, kept] = await Promise.all([core().ask('door', dwelling, localDay()), draft.load()]);
      door.value = card;
      if (kept) {
        Object.assign(answers, kept.body);
        step.value = kept.step;
      }
      watch([answers, step], keep, { deep: true });
    } catch {
      missing.value = true;
    }
  }

  function keep(): void {
    if (!door.value) return;
    const { grid, room } = door.value;
    draft.keep({ kind: kind.kind, grid, dwelling, room, name: name.value, body: toRaw(answers), step: step.value });
    if (checked.value) void check();
  }

  async function check(): Promise<Problem[]> {
    checked.value = true;
    problems.value = await core().ask('check', kind.kind, body.value).catch(() => []);
    return problems.value;
  }

  function settle(): void {
    checked.value = false;
    problems.value = [];
  }

  /** The record, once it is on the flash. Whatever else happens, the answers stay. */
  async function save(): Promise<SavedRecord | null> {
    if (saving.value || !door.value) return null;
    failure.value = null;
    saving.value = true;
    const timer = setTimeout(() => (slow.value = true), 300);
    try {
      const draftKey = `${kind.kind}/${dwelling}/${subjectGiven ?? ''}`;
      const { grid, room } = door.value;
      const saved = { kind, dwelling, room, name: name.value, body: body.value };
      const result = await core().ask('record', { kind: kind.kind, grid, body: saved.body, draft: draftKey });
      if (result.ok) {
        draft.close();
        return { ...saved, entry: result.entry };
      }
      checked.value = true;
      problems.value = result.problems;
    } catch (error) {
      failure.value = asFailure(error);
    } finally {
      clearTimeout(timer);
      saving.value = slow.value = false;
    }
    return null;
  }

  return {
    answers, body, candidates, check, door, draft, failure, missing, mustChoose, name, open, person, problems, save, saving, settle, slow, step, subject,
  };
}
