import type { Catalog, Routine, Table } from '@peakstone/kernel/catalog';
import type { Random } from './random.ts';

/** One generated request, before it meets the handler. */
export interface FuzzRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Values that break naive quoting, numbers at the edges, and plausible ones. */
const NASTY = [
  "'",
  "''",
  '"',
  '\\',
  "\\'",
  ';',
  '--',
  '/*',
  '*/',
  '$$',
  '$1',
  '$tag$',
  '%',
  '%%',
  '\0',
  '\u0001',
  '\u202e',
  '𝒳',
  'é',
  '(',
  ')',
  '{',
  '}',
  '{}',
  '[]',
  ',',
  '.',
  ':',
  '::',
  '*',
  '!',
  '->',
  '->>',
  '=',
  '&',
  '#',
  '?',
  ' ',
  '\t',
  '\n',
  'null',
  'NULL',
  'true',
  'not.',
  '-1',
  '0',
  '1',
  '2',
  '9223372036854775808',
  '-9223372036854775809',
  '1e400',
  'NaN',
  'Infinity',
  '00000000-0000-0000-0000-000000000000',
  '2024-01-01',
  '{1,2}',
  '[1,2)',
  "');drop table test.items;--",
  "' or '1'='1",
  '"; select pg_sleep(1); --',
  "\\'; select 1; --",
  '1) union select 1 --',
  "E'\\x27'",
  'U&"\\0022"',
  "\ufeff'",
  'ʼ',
  '＇',
] as const; // prettier-ignore

const OPERATORS = [
  'eq',
  'gt',
  'gte',
  'lt',
  'lte',
  'neq',
  'like',
  'ilike',
  'match',
  'imatch',
  'in',
  'is',
  'isdistinct',
  'fts',
  'plfts',
  'phfts',
  'wfts',
  'cs',
  'cd',
  'ov',
  'sl',
  'sr',
  'nxr',
  'nxl',
  'adj',
  'not.eq',
  'not.in',
  'not.is',
  'eq(any)',
  'like(all)',
  'fts(english)',
  'not.fts(simple)',
  'nope',
  '',
] as const; // prettier-ignore

const ACCEPTS = [
  'application/json',
  '*/*',
  'text/csv',
  'application/vnd.pgrst.object+json',
  'application/vnd.pgrst.object+json;nulls=stripped',
  'application/vnd.pgrst.array+json;nulls=stripped',
  'application/vnd.pgrst.plan+json',
  'application/geo+json',
  'application/octet-stream',
  'text/plain',
  'text/xml',
  'application/openapi+json',
  'text/html;q=0.9, */*;q=0',
  'nonsense',
  ';;;',
  'application/json;q=x',
] as const; // prettier-ignore

const PREFERS = [
  'return=representation',
  'return=minimal',
  'return=headers-only',
  'count=exact',
  'count=planned',
  'count=estimated',
  'resolution=merge-duplicates',
  'resolution=ignore-duplicates',
  'missing=default',
  'handling=strict',
  'handling=lenient',
  'tx=rollback',
  'tx=commit',
  'max-affected=1',
  'max-affected=-1',
  'timezone=America/Lima',
  "timezone=';--",
  'params=single-object',
  'x',
  '',
] as const; // prettier-ignore

/**
 * Makes requests from the API's own grammar over a real catalog, most of them nearly valid, then mutates some bytewise.
 * Effects: none; advances `random`.
 */
export function generateRequest(random: Random, catalog: Catalog): FuzzRequest {
  const tables = [...catalog.tables.values()];
  const routines = [...catalog.routines.values()].flat();
  const toRoutine = random.chance(0.2) && routines.length > 0;
  const table = random.pick(tables);
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
  const path = toRoutine ? `/rpc/${encodeName(random.pick(routines).name)}` : `/${encodeName(table.name)}`;
  const parameters = toRoutine
    ? routineParameters(random, random.pick(routines))
    : tableParameters(random, table, catalog);
  const query = parameters
    .map(([name, value]) => `${encodeQuery(random, name)}=${encodeQuery(random, value)}`)
    .join('&');
  const target = mutate(random, query ? `${path}?${query}` : path);
  const headers: Record<string, string> = {};
  if (random.chance(0.3)) headers.accept = random.pick(ACCEPTS);
  if (random.chance(0.4)) headers.prefer = [random.pick(PREFERS), random.pick(PREFERS)].join(', ');
  if (random.chance(0.1))
    headers.range = random.pick(['0-1', '5-', '-3', '9-2', 'x', '99999999999999999999-']);
  if (random.chance(0.1))
    headers.authorization = random.pick(['Bearer x.y.z', 'Bearer', 'Basic abc', `Bearer ${'a'.repeat(500)}`]);
  if (random.chance(0.1)) headers.cookie = `a=${random.pick(NASTY).replace(/[\0-\x1f]/g, '')}`;
  if (random.chance(0.05)) headers['accept-profile'] = random.pick(['test', 'nope', "a'b"]);
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
  return { method, target, headers, body: hasBody ? mutate(random, generateBody(random, table)) : '' };
}

function tableParameters(random: Random, table: Table, catalog: Catalog): [string, string][] {
  const parameters: [string, string][] = [];
  const columns = [...table.columns.keys(), 'nope'];
  const related = catalog.relationships.get(`${table.schema}\0${table.name}`)?.map(r => r.target.name) ?? [];
  if (random.chance(0.6)) parameters.push(['select', selectList(random, columns, [...related, 'nope'], 0)]);
  for (let n = random.int(4); n > 0; n--) parameters.push(filter(random, columns, related));
  if (random.chance(0.3))
    parameters.push([
      'order',
      `${random.pick(columns)}${random.pick(['', '.desc', '.asc.nullsfirst', '.nope', '->x', ',id'])}`,
    ]);
  if (random.chance(0.3))
    parameters.push(['limit', random.pick(['0', '1', '10', '-1', 'x', '9999999999999999999999'])]);
  if (random.chance(0.1)) parameters.push(['offset', random.pick(['0', '3', '-1', 'x'])]);
  if (random.chance(0.1))
    parameters.push(['columns', random.pick([columns.join(','), '"', random.pick(columns), ''])]);
  if (random.chance(0.1)) parameters.push(['on_conflict', random.pick(columns)]);
  return parameters;
}

function routineParameters(random: Random, routine: Routine): [string, string][] {
  const named = routine.parameters
    .filter(p => p.name !== '')
    .map(p => [p.name, random.pick(NASTY)] as [string, string]);
  return random.chance(0.3) ? [...named, ['select', '*'], ['id', 'eq.1']] : named;
}

function selectList(
  random: Random,
  columns: readonly string[],
  related: readonly string[],
  depth: number,
): string {
  const items: string[] = [];
  for (let n = 1 + random.int(4); n > 0; n--) {
    const column = random.pick(columns);
    const kind = random.int(depth < 4 ? 9 : 6);
    if (kind === 0) items.push('*');
    else if (kind === 1)
      items.push(
        `a:${column}::${random.pick(['text', 'int', 'nope', "te'xt", 'text;--', 'pg_catalog.text'])}`,
      );
    else if (kind === 2)
      items.push(`${column}->${random.pick(['a', '0', '-1', "a'b", '"a"'])}->>${random.pick(NASTY)}`);
    else if (kind === 3)
      items.push(`${column}.${random.pick(['sum', 'count', 'avg', 'max', 'min', 'nope'])}()`);
    else if (kind === 4) items.push(random.pick(['count()', `"${column}"`, random.pick(NASTY)]));
    else if (kind === 5) items.push(column);
    else {
      const target = random.pick(related);
      items.push(
        `${random.pick(['', '...', 'x:'])}${target}${random.pick(['', '', '!inner', '!left', '!nope'])}(${selectList(random, ['*', 'id', 'name'], related, depth + 1)})`,
      );
    }
  }
  return items.join(',');
}

function filter(random: Random, columns: readonly string[], related: readonly string[]): [string, string] {
  const column = random.pick(columns);
  const value = `${random.pick(OPERATORS)}.${random.chance(0.5) ? random.pick(NASTY) : `(${random.pick(NASTY)},"${random.pick(NASTY)}")`}`;
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
