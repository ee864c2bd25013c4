// After a record is saved: the sentence that says so, and the screen that comes next.
// A record that settles the door leads back to where the door was opened; others back to the door.

import type { Kind } from '../../core/types';
import { say } from '../../words';
import { leave } from '../router';
import { showSaved } from '../snack';
import { effectsOf, fieldsOf } from './kind-file';
import type { Answers } from './visible';

export interface SavedRecord {
  kind: Kind;
  entry: string;
  dwelling: string;
  room: string;
  name: string;
  body: Answers;
}

export function afterSave({ kind, entry, dwelling, room, name, body }: SavedRecord): void {
  const closes = effectsOf(kind).closes;
  const outcome = fieldsOf(kind).find((field) => field.name === closes?.by);
  const chosen = outcome?.choices?.find(({ value }) => value === body[outcome.name]);
  const what = chosen ? `${room} ${say(chosen.labels)}` : `${room} ${say(kind.labels)} ${name}`;
  showSaved({ entry, what, undo: true }, true);
  if (closes) leave(['door', 'form'], { page: 'doors', building: null });
  else leave(['form'], { page: 'door', dwelling });
}
