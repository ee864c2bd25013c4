// After a record is saved: the sentence that says so, and the screen that comes next.
// A record that settles the door leads back to where the door was opened; others back to the door.

import type { Kind } from '../../core/types';
import { joined, say, t } from '../../words';
import { leave } from '../router';
import { showSaved } from '../snack';
import { effectsOf, fieldsOf } from './kind-file';
import type { Answers } from './visible';

export function afterSave(kind: Kind, dwelling: string, room: string, name: string, body: Answers): void {
  const closes = effectsOf(kind).closes;
  const outcome = fieldsOf(kind).find((field) => field.name === closes?.by);
  const chosen = outcome?.choices?.find(({ value }) => value === body[outcome.name]);
  const what = chosen ? `${room} ${say(chosen.labels)}` : `${room} ${say(kind.labels)} ${name}`;
  showSaved({ title: t('saved.title'), text: joined([what, t('saved.not_sent')]) }, true);
  if (closes) leave(['door', 'form'], { page: 'doors', building: null });
  else leave(['form'], { page: 'door', dwelling });
}
