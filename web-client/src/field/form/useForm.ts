// One form being filled in: its answers, draft, problems and saving. The screens around it only draw.

import { computed, reactive, ref, shallowRef, toRaw, watch } from 'vue';
import type { Failure } from '../../core/calls';
import { localDay } from '../../core/clock';
import type { DoorCard, Kind, Problem } from '../../core/types';
import { namesOf } from '../doors/door-state';
import type { Option } from '../../kit/ChoiceGroup.vue';
import { asFailure, core, kinds } from '../phone';
import { say, t } from '../../words';
import { dayName } from '../../words/times';
import { candidatesOf, carriedOver, isAnsweredOnce, lastRecord, refsOf } from './about';
import { inWords } from './answers';
import { defaultsOf, fieldsOf, subjectOf, targets, type FormField } from './kind-file';
import { isAsked } from './questions';
import type { SavedRecord } from './saved';
import { useDraft } from './useDraft';
import { cleaned, type Answers } from './visible';

export function useForm(kind: Kind, dwelling: string, subjectGiven: string | null, corrects: string | null = null) {
  const fields = fieldsOf(kind);
  const subject = subjectOf(kind);
  /** What the form is called: whoever corrects a record sees that they do. */
  const title = computed(() => (corrects ? t('form.correcting', { kind: say(kind.labels) }) : say(kind.labels)));
  const draftKey = `${kind.kind}/${dwelling}/${subjectGiven ?? ''}${corrects ? `/${corrects}` : ''}`;
  const draft = useDraft(draftKey);

  const answers = reactive<Answers>(defaultsOf(fields));
  const door = shallowRef<DoorCard | null>(null);
  const missing = ref(false);
  const step = ref(0);
  const problems = ref<Problem[]>([]);
  const checked = ref(false);
  const saving = ref(false);
  const slow = ref(false);
  const failure = ref<Failure | null>(null);

  /** About the one given, the only one possible, or one to be chosen. */
  const candidates = computed(() => (door.value ? candidatesOf(kind, door.value) : []));
  const about = computed(() => {
    if (!subject) return null;
    const [first, ...more] = candidates.value;
    // Of a door and its building the door is meant unless said otherwise; of people, nobody is.
    const only = more.length === 0 || first?.value === dwelling ? first?.value : null;
    return (subjectGiven ?? answers[subject.name] ?? only ?? null) as string | null;
  });
  const person = computed(() => door.value?.persons.find((one) => one.id === about.value) ?? null);
  const mustChoose = computed(() => !subjectGiven && candidates.value.length > 1);
  const name = computed(() => person.value?.name ?? (door.value ? namesOf({ residents: door.value.persons }) : ''));

  /** Where the record goes on from another one: which. */
  const goesOnFrom = computed(() => (subject && targets(subject).includes('entry') ? (candidates.value.find(({ value }) => value === about.value)?.label ?? null) : null));

  function refs(field: FormField): Option[] {
    return door.value ? refsOf(field, kind, door.value, kinds.value) : [];
  }

  function asks(field: FormField): boolean {
    return field !== subject && isAsked(field, refs) && !(door.value && isAnsweredOnce(field, kind, door.value, about.value));
  }

  const last = computed(() => (door.value ? lastRecord(kind, door.value, about.value) : null));

  /** 上次（11月20日）：好. For answers of health and the like, which may have changed since. */
  function before(path: string, field: FormField): string | null {
    const { value: record } = last;
    const [first = '', second] = path.slice(1).split('/');
    if (!record || second === undefined) return null;
    const value = (record.body[first] as Answers | undefined)?.[second];
    const words = value === undefined ? '' : inWords(field, value);
    return words ? t('form.before', { day: dayName(localDay(new Date(record.home_at ?? record.made_at))), answer: words }) : null;
  }

  /** The last answers of a group, for 同上次. */
  function sameAsLast(field: FormField): Answers | null {
    const group = field.type === 'object' ? last.value?.body[field.name] : undefined;
    return group ? { ...(group as Answers) } : null;
  }

  /** What nobody types: the subject and, where the form refers to one, the subject's care plan. */
  const given = computed(() => {
    const known: Answers = {};
    const plan = person.value?.care_plan ?? (about.value === door.value?.household ? door.value?.household_plan : null);
    for (const field of fields) {
      if (field.type !== 'ref') continue;
      if (field === subject) known[field.name] = about.value;
      else if (targets(field).includes('care_plan')) known[field.name] = plan?.id;
    }
    return known;
  });
  const body = computed(() => cleaned(fields, { ...answers, ...given.value }));

  async function open(): Promise<void> {
    try {
      const [card, kept] = await Promise.all([core().ask('door', dwelling), draft.load()]);
      door.value = card;
      if (kept) {
        Object.assign(answers, kept.body);
        step.value = kept.step;
      } else {
        Object.assign(answers, prefilled(card));
      }
      watch([answers, step], keep, { deep: true });
    } catch {
      missing.value = true;
    }
  }

  /** What is most likely meant, shown and changeable: errands still open, where it was found. */
  function prefilled(card: DoorCard): Answers {
    const old = corrects ? card.records.find(({ entry }) => entry === corrects) : null;
    // What is corrected stands there as it was.
    if (old) return structuredClone(toRaw(old.body)) as Answers;
    const found = fields.filter((field) => field !== subject && targets(field).includes('entry'));
    const newest = found.map((field) => [field.name, refs(field)[0]?.value] as const).filter(([, value]) => value);
    return { ...carriedOver(kind, card, about.value), ...Object.fromEntries(newest) };
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
      const { grid, room } = door.value;
      const saved = { kind, dwelling, room, name: name.value, body: body.value };
      const result = corrects
        ? await core().ask('correct', corrects, saved.body, draftKey)
        : await core().ask('record', { kind: kind.kind, grid, body: saved.body, draft: draftKey });
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
    about, answers, asks, before, body, candidates, check, door, draft, failure, goesOnFrom, missing, mustChoose, name, open, problems, refs, sameAsLast, save, saving, settle, slow, step,
    subject, title,
  };
}
