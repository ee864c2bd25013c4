// Holds measured figures against budgets.json: `check-budgets.mjs FILE` reads one line of JSON
// for each figure and fails with figure, limit and what was measured. A budget whose figure was
// not measured is broken too.

import { readFileSync } from 'node:fs';

const [results] = process.argv.slice(2);
if (!results) {
  console.error('usage: check-budgets.mjs FILE');
  process.exit(2);
}
const { figures: budgets } = JSON.parse(readFileSync(new URL('../budgets.json', import.meta.url), 'utf8'));
const lines = readFileSync(results, 'utf8').split('\n').filter(Boolean);
const measured = new Map(lines.map((line) => JSON.parse(line)).map((figure) => [figure.name, figure]));

let broken = 0;
for (const [name, { limit, aim }] of Object.entries(budgets)) {
  const figure = measured.get(name);
  const kept = figure !== undefined && figure.value <= limit;
  if (!kept) broken += 1;
  const found = figure === undefined ? 'not measured' : `${figure.value} ${figure.unit}`;
  const missed = kept && aim !== undefined && figure.value > aim ? `, aim ${aim}` : '';
  console.log(`${kept ? 'ok    ' : 'BROKEN'} ${name}: ${found}, limit ${limit}${missed}`);
}
console.log(broken === 0 ? 'budgets: all kept' : `budgets: ${broken} broken`);
process.exitCode = broken === 0 ? 0 : 1;
