import type { Catalog, Table } from '@peakstone/kernel/catalog';
import { callBody, callParameters } from './calls.ts';
import type { Random } from './random.ts';
import type { FuzzRequest } from './request.ts';
import { selectList } from './selects.ts';
import { ACCEPTS, NASTY, OPERATORS, PREFERS } from './words.ts';
import { upsert } from './writes.ts';

const PROFILES = ['test', 'test', 'nope', "a'b", ''] as const;

/**
 * Makes requests from the API's own grammar over a real catalog, most of them nearly valid, then mutates some bytewise.
 * Effects: none; advances `random`.
 */
export function generateRequest(random: Random, catalog: Catalog): FuzzRequest {
  const tables = [...catalog.tables.values()];
  const routines = [...catalog.routines.values()].flat();
  const toRoutine = random.chance(0.2) && routines.length > 0;
  const table = random.pick(tables);
  if (!toRoutine && random.chance(0.05)) return upsert(random, table, encodeQuery);
  const method = random.pick([
    'GET',
    'GET',
    'GET',
    'GET',
    'HEAD',
    'POST',
    'PATCH',
    'PUT',
    'DELETE',
    'OPTIONS',
  ]);
  const routine = toRoutine ? random.pick(routines) : null;
  const path = routine ? `/rpc/${encodeName(routine.name)}` : `/${encodeName(table.name)}`;
  const parameters = routine
    ? callParameters(random, routine, method)
    : tableParameters(random, table, catalog);
  // What a set-returning function gives is read like a table.
  if (routine?.returns.setof && random.chance(0.7)) {
    const { schema, name } = routine.returns.type;
    const rows = catalog.tables.get(`${schema}\0${name}`);
    if (rows) parameters.push(...tableParameters(random, rows, catalog));
  }
  const query = parameters
    .map(([name, value]) => `${encodeQuery(random, name)}=${encodeQuery(random, value)}`)
    .join('&');
  const target = mutate(random, query ? `${path}?${query}` : path);
  const headers: Record<string, string> = {};
  if (random.chance(0.3)) headers.accept = random.pick(ACCEPTS);
  if (random.chance(0.4)) headers.prefer = [random.pick(PREFERS), random.pick(PREFERS)].join(', ');
  if (random.chance(0.1))
    headers.range = random.pick(['0-1', '5-', '-3', '9-2', 'x', 'items=0-1', '0-0', '99999999999999999999-']);
  if (headers.range && random.chance(0.5)) headers['range-unit'] = random.pick(['items', 'bytes']);
  if (random.chance(0.03))
    headers.authorization = random.pick(['Bearer x.y.z', 'Bearer', 'Basic abc', `Bearer ${'a'.repeat(500)}`]);
  if (random.chance(0.1)) headers.cookie = `a=${random.pick(NASTY).replace(/[\0-\x1f]/g, '')}`;
  if (random.chance(0.05)) headers['accept-profile'] = random.pick(PROFILES);
  if (random.chance(0.05)) headers['content-profile'] = random.pick(PROFILES);
  const hasBody = method === 'POST' || method === 'PATCH' || method === 'PUT';
  if (hasBody)
    headers['content-type'] = random.pick([
      'application/json',
      'application/json',
      'text/csv',
      'application/x-www-form-urlencoded',
      'text/plain',
      'application/octet-stream',
      'nope/nope',
    ]);
  const body = () => (routine ? callBody(random, routine) : generateBody(random, table));
  return { method, target, headers, body: hasBody ? mutate(random, body()) : '' };
}

function tableParameters(random: Random, table: Table, catalog: Catalog): [string, string][] {
  const parameters: [string, string][] = [];
  const columns = [
    ...table.columns.keys(),
    ...(random.chance(0.15) || table.columns.size === 0 ? ['nope'] : []),
  ];
  const related = catalog.relationships.get(`${table.schema}\0${table.name}`)?.map(r => r.target.name) ?? [];
  if (random.chance(0.6)) parameters.push(['select', selectList(random, catalog, table, 0)]);
  for (let n = random.int(4); n > 0; n--) parameters.push(filter(random, columns, related));
  if (random.chance(0.3))
    parameters.push([
      'order',
      `${random.pick(columns)}${random.pick(['', '.desc', '.asc.nullsfirst', '.nope', '->x', ',id'])}`,
    ]);
  if (random.chance(0.3))
    parameters.push([
      'limit',
      random.pick(['0', '1', '10', '25', '100', '-1', 'x', '9999999999999999999999']),
    ]);
  if (related.length > 0 && random.chance(0.3)) parameters.push(embedParameter(random, random.pick(related)));
  if (random.chance(0.1)) parameters.push(['offset', random.pick(['0', '3', '-1', 'x'])]);
  if (random.chance(0.1))
    parameters.push(['columns', random.pick([columns.join(','), '"', random.pick(columns), ''])]);
  if (random.chance(0.1)) parameters.push(['on_conflict', random.pick(columns)]);
  return parameters;
}

/** What goes to an embed by its name: order, range, logic, emptiness; and the order of the parent by it. */
function embedParameter(random: Random, target: string): [string, string] {
  return random.pick<[string, string]>([
    [`${target}.order`, random.pick(['id', 'name.desc', 'nope', `${target}(id)`, ''])],
    [`${target}.limit`, random.pick(['0', '1', 'x'])],
    [`${target}.offset`, random.pick(['1', '-1'])],
    [`${target}.or`, `(id.eq.${random.pick(NASTY)},name.is.null)`],
    [`${target}.not.and`, '(id.gt.0,or(id.lt.9,name.like.*))'],
    [target, random.pick(['is.null', 'not.is.null', 'is.not_null', 'eq.1'])],
    ['or', `(${target}.is.null,id.eq.1)`],
    ['order', `${target}(${random.pick(['id', 'name.desc', 'nope', 'data->a'])}),id`],
  ]);
}

function filter(random: Random, columns: readonly string[], related: readonly string[]): [string, string] {
  const column = random.pick(columns);
  const [a, b] = [random.pick(NASTY), random.pick(NASTY)];
  if (random.chance(0.4)) return [column, random.pick(['eq.1', 'in.(1,2)', 'not.is.null', 'gt.2', 'neq.7'])];
  const value = `${random.pick(OPERATORS)}.${random.pick([a, `(${a},"${b}")`, `{${a},"${b}"}`])}`;
  switch (random.int(5)) {
    case 0:
      return [
        random.pick(['or', 'and', 'not.or', 'not.and']),
        `(${column}.${value},and(${column}.${value},${column}.not.${value}))`,
      ];
    case 1:
      return [`${random.pick([...related, 'nope'])}.${column}`, value];
    case 2:
      return [`${column}->${random.pick(['>a', 'a', "'"])}`, value];
    default:
      return [column, value];
  }
}

function generateBody(random: Random, table: Table): string {
  const row = () =>
    Object.fromEntries(
      [...table.columns.keys()]
        .filter(() => random.chance(0.5))
        .map(name => [name, random.pick<unknown>([...NASTY, 1, null, true, {}, []])]),
    );
  return random.pick([
    () => JSON.stringify(row()),
    () => JSON.stringify([row(), row()]),
    () => '',
    () => '{',
    () => `${'['.repeat(2000)}`,
    () => `${[...table.columns.keys()].join(',')}\n${random.pick(NASTY)},${random.pick(NASTY)}`,
    () => `a=${encodeURIComponent(random.pick(NASTY))}&b`,
    () => random.pick(NASTY),
  ])();
}

/** Flips, repeats, drops or inserts a few characters in a tenth of the texts. */
function mutate(random: Random, text: string): string {
  if (!random.chance(0.1) || text.length < 2) return text;
  const at = 1 + random.int(text.length - 1);
  switch (random.int(4)) {
    case 0:
      return text.slice(0, at) + text.slice(at + 1);
    case 1:
      return text.slice(0, at) + encodeURI(random.pick(NASTY).toWellFormed()) + text.slice(at);
    case 2:
      return text.slice(0, at) + text.slice(at - 1);
    default:
      return (
        text.slice(0, at) +
        random.pick(['%', '%zz', '%00', '%c3%28', '%ff', '(', ')', ',', '.', '"']) +
        text.slice(at + 1)
      );
  }
}

function encodeName(name: string): string {
  return encodeURIComponent(name.toWellFormed());
}

/** Mostly percent-encoded as clients do; some pass reserved characters raw, as many hand-written clients do. */
function encodeQuery(random: Random, text: string): string {
  const safe = text.toWellFormed();
  return random.chance(0.5) ? encodeURIComponent(safe) : encodeURI(safe).replace(/[#&]/g, encodeURIComponent);
}
