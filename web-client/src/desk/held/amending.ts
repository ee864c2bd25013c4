// The form over a held entry: what stands in its fields as text, and what is sent once it was
// changed. A field without an input is sent as it was.

import { valueOf } from '../conflicts/deciding';
import type { Scalar } from '../server/answers';
import type { HeldField, HeldForm, SetItem } from './answers';

/** What an input shows for a value. */
export function writtenOf(field: HeldField): string {
  return field.value === null || typeof field.value === 'object' ? '' : String(field.value);
}

export type Amended = { body: Record<string, unknown> } | { set: SetItem[] };

/** The amended entry; `null`: some field holds no value of its kind, which `wrong` names. */
export function amended(form: HeldForm, written: readonly string[], wrong: (name: string) => void): Amended | null {
  let fine = true;
  const values = form.fields.map((field, index): Scalar | undefined => {
    const text = (written[index] ?? '').trim();
    if (!field.input || text === writtenOf(field).trim()) return undefined;
    const value = valueOf(field.input, text);
    if (value === null && text !== '') {
      wrong(field.name);
      fine = false;
    }
    return value;
  });
  if (!fine) return null;
  if (form.type === 'edit') {
    return { set: form.set.map((item, index) => (values[index] === undefined ? item : { ...item, value: values[index] ?? null })) };
  }
  const body: Record<string, unknown> = { ...form.body };
  form.fields.forEach((field, index) => {
    const value = values[index];
    if (value !== undefined) put(body, field, value);
  });
  return { body };
}

/** Puts a piece where it belongs; what is left empty goes. */
function put(body: Record<string, unknown>, { name, within, member }: HeldField, value: Scalar): void {
  if (within !== null) {
    const object = { ...(body[within] as Record<string, unknown> | undefined) };
    set(object, name, value);
    set(body, within, Object.keys(object).length > 0 ? object : null);
  } else if (member !== null) {
    const others = ((body[name] as string[] | undefined) ?? []).filter((other) => other !== member);
    const members = value === true ? [...others, member] : others;
    set(body, name, members.length > 0 ? members : null);
  } else {
    set(body, name, value);
  }
}

function set(object: Record<string, unknown>, name: string, value: unknown): void {
  if (value === null) delete object[name];
  else object[name] = value;
}
