// Shows /api/v1/openapi.json: every operation with what it takes, answers and refuses, then every schema.
// Builds elements and sets text; nothing here makes markup of a string.

const place = document.getElementById('document');
const contents = document.getElementById('contents');

function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

const text = (words) => (words ? make('p', {}, words.replaceAll('`', '')) : null);
const nameOf = (reference) => reference.split('/').at(-1);

/** A schema as one would write the JSON down, with links where it names another. */
function shape(schema, depth = 0) {
  const pad = '  '.repeat(depth);
  if (!schema || Object.keys(schema).length === 0) return ['any'];
  if (schema.$ref) return [make('a', { href: `#schema-${nameOf(schema.$ref)}` }, nameOf(schema.$ref))];
  for (const [key, between] of [['oneOf', ' | '], ['anyOf', ' | '], ['allOf', ' & ']]) {
    if (schema[key]) return schema[key].flatMap((one, index) => [...(index ? [between] : []), ...shape(one, depth)]);
  }
  if (schema.enum) return [schema.enum.map((value) => JSON.stringify(value)).join(' | ')];
  if (schema.const !== undefined) return [JSON.stringify(schema.const)];
  const types = [schema.type ?? (schema.properties ? 'object' : 'any')].flat();
  return types.flatMap((type, index) => [...(index ? [' | '] : []), ...one(schema, type, depth, pad)]);
}

function one(schema, type, depth, pad) {
  if (type === 'array') {
    const items = schema.prefixItems?.flatMap((item, index) => [...(index ? [', '] : []), ...shape(item, depth)]);
    return ['[', ...(items ?? shape(schema.items, depth)), items ? ']' : ', …]'];
  }
  if (type !== 'object') {
    const limits = ['format', 'pattern', 'minimum', 'maximum', 'minLength', 'maxLength'].filter((key) => schema[key] !== undefined);
    return [type + (limits.length ? ` (${limits.map((key) => `${key} ${schema[key]}`).join(', ')})` : '')];
  }
  const members = Object.entries(schema.properties ?? {}).flatMap(([name, member]) => {
    const about = member.description ? `  // ${member.description.replaceAll('\n', ' ')}` : '';
    const optional = (schema.required ?? []).includes(name) ? '' : '?';
    return [`${pad}  ${name}${optional}: `, ...shape(member, depth + 1), `${about}\n`];
  });
  if (schema.additionalProperties && typeof schema.additionalProperties === 'object') {
    members.push(`${pad}  …: `, ...shape(schema.additionalProperties, depth + 1), '\n');
  }
  return members.length ? ['{\n', ...members, `${pad}}`] : ['{ … }'];
}

const written = (schema) => make('pre', {}, shape(schema));

function bodies(content = {}) {
  return Object.entries(content).flatMap(([type, { schema }]) => [make('p', { class: 'quiet' }, type), written(schema)]);
}

function table(heads, rows) {
  return make('table', {},
    make('thead', {}, make('tr', {}, heads.map((head) => make('th', { scope: 'col' }, head)))),
    make('tbody', {}, rows.map((row) => make('tr', {}, row.map((cell) => make('td', {}, cell))))));
}

function operation(path, method, said) {
  const id = `${method}-${path}`;
  contents.append(make('a', { href: `#${encodeURIComponent(id)}` }, make('span', { class: 'method' }, method), path.replace('/api/v1', '')));
  const parameters = said.parameters ?? [];
  const security = said.security?.map((one) => Object.keys(one).join(' and ')).join(' or ') || 'none';
  return make('article', { id: encodeURIComponent(id), 'data-operation': `${method} ${path}` },
    make('h2', {}, make('span', { class: 'method' }, method), make('code', {}, path)),
    text(said.summary), text(said.description), make('p', { class: 'quiet' }, `Shown by: ${security}`),
    parameters.length ? make('h3', {}, 'Parameters') : null,
    parameters.length ? table(['name', 'in', 'what'], parameters.map((one) => [
      make('code', {}, `${one.name}${one.required ? '' : '?'}`), one.in,
      [one.description ?? '', ' ', make('code', {}, shape(one.schema))].flat(),
    ])) : null,
    said.requestBody ? [make('h3', {}, 'Body'), text(said.requestBody.description), ...bodies(said.requestBody.content)] : null,
    make('h3', {}, 'Answers'),
    table(['status', 'what'], Object.entries(said.responses).map(([status, answer]) => [status, named(answer)]).map(([status, answer]) => [
      status, [text(answer.description), ...Object.keys(answer.headers ?? {}).map((name) => make('p', { class: 'quiet' }, name)),
        ...bodies(answer.content)],
    ])));
}

function filter() {
  const wanted = document.getElementById('filter').value.toLowerCase();
  for (const link of contents.querySelectorAll('a')) link.hidden = !link.textContent.toLowerCase().includes(wanted);
}

/** An answer, or the one in the components that it names. */
const named = (answer) => (answer.$ref ? components.responses[nameOf(answer.$ref)] : answer);

const response = await fetch('/api/v1/openapi.json');
const { info, paths, components } = await response.json();
place.append(make('h1', {}, `${info.title} ${info.version}`), text(info.description),
  make('p', {}, make('a', { href: '/api/v1/openapi.json' }, 'openapi.json')),
  table(['shown by', 'what'], Object.entries(components.securitySchemes).map(([name, scheme]) => [make('code', {}, name), text(scheme.description)])));
for (const [path, methods] of Object.entries(paths)) {
  for (const [method, said] of Object.entries(methods)) place.append(operation(path, method, said));
}
for (const [name, schema] of Object.entries(components.schemas)) {
  contents.append(make('a', { href: `#schema-${name}` }, name));
  place.append(make('article', { id: `schema-${name}` }, make('h2', {}, name), text(schema.description), written(schema)));
}
document.getElementById('filter').addEventListener('input', filter);
if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
