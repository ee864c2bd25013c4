import { expect, test } from 'vitest';
import { newRole, type Typed } from './new-role';

const typed = (some: Partial<Typed>): Typed => ({ name: '', role: 'r', grid: '', place: '', unit: '', room: '', until: '', ...some });
const everywhere = { in_grid: false, answers_for: [] };
const head = { in_grid: true, answers_for: ['building'] };

test('a role is sent once it says all that it needs', () => {
  expect(newRole(typed({}), 'w', undefined)).toBeNull();
  expect(newRole(typed({}), 'w', head)).toBeNull();
  expect(newRole(typed({ grid: 'g' }), 'w', head)).toBeNull();
  expect(newRole(typed({ grid: 'g', place: 'p', unit: ' 2 ' }), 'w', head)).toMatchObject({ worker: 'w', name: null, grid: 'g', place: 'p', unit: '2', room: null });
});

test('somebody new is sent by name, and what was typed for another role is left out', () => {
  expect(newRole(typed({ name: ' ' }), null, everywhere)).toBeNull();
  const sent = newRole(typed({ name: ' 孙丽 ', grid: 'g', place: 'p', unit: '2' }), null, everywhere);
  expect(sent).toMatchObject({ worker: null, name: '孙丽', grid: null, place: null, unit: null });
});
