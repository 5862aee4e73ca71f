/** Requests beyond the reference's: cursors, compared columns, QUERY, streams, nested inserts and batches. */
import { type Catalog, key, type Table } from '@peakstone/kernel/catalog';
import { encodeCursor } from '../../src/parse/cursor.ts';
import { generateRequest } from './grammar.ts';
import type { Random } from './random.ts';
import type { FuzzRequest } from './request.ts';
import { NASTY } from './words.ts';

const COMPARISONS = [
  'eq',
  'gt',
  'not.lt',
  'neq',
  'isdistinct',
  'like',
  'cs',
  'match',
  'in',
  'is',
  'fts',
] as const;

/** Half of them plain requests, which must mean what they mean without the settings. Effects: none; advances `random`. */
export function generateBeyond(random: Random, catalog: Catalog): FuzzRequest {
  const request = generateRequest(random, catalog);
  switch (random.int(12)) {
    case 0:
      return asQuery(random, request);
    case 1:
      return withParameter(request, `after=${encodeURIComponent(cursor(random, catalog))}`);
    case 2:
      return withParameter(request, comparison(random, catalog));
    case 3:
      return withHeader(
        request,
        'prefer',
        random.pick(['stream', 'stream, count=exact', 'handling=strict, stream']),
      );
    case 4:
      return nested(random, catalog);
    case 5:
      return batch(random, catalog);
    default:
      return request;
  }
}

function withParameter(request: FuzzRequest, parameter: string): FuzzRequest {
  const glue = request.target.includes('?') ? '&' : '?';
  return { ...request, target: `${request.target}${glue}${parameter}` };
}

function withHeader(request: FuzzRequest, name: string, value: string): FuzzRequest {
  return { ...request, headers: { ...request.headers, [name]: value } };
}

function asQuery(random: Random, request: FuzzRequest): FuzzRequest {
  const mark = request.target.indexOf('?');
  const path = mark < 0 ? request.target : request.target.slice(0, mark);
  const query = mark < 0 ? '' : request.target.slice(mark + 1);
  const type = random.pick([
    'application/x-www-form-urlencoded',
    'application/x-www-form-urlencoded; charset=utf-8',
    'text/plain',
  ]);
  return {
    method: 'QUERY',
    target: random.chance(0.2) ? `${path}?limit=2` : path,
    headers: { ...request.headers, 'content-type': type },
    body: random.chance(0.1) ? random.pick(NASTY) : query,
  };
}

/** Empty, nonsense, or well-formed with values that no order has given. */
function cursor(random: Random, catalog: Catalog): string {
  const table = random.pick([...catalog.tables.values()]);
  const field = table.primaryKey[0] ?? 'id';
  const order = JSON.stringify([table.schema, table.name, [null, field, [], 'asc', false]]);
  const values = random.pick<unknown>([[random.pick(NASTY)], [null], [1], {}, [], [random.pick(NASTY), 'x']]);
  return random.pick(['', '', random.pick(NASTY), encodeCursor(JSON.stringify(values), order)]);
}

function columnName(random: Random, table: Table): string {
  return random.pick([...table.columns.keys(), 'nope', `"${random.pick(NASTY)}"`]);
}

function comparison(random: Random, catalog: Catalog): string {
  const table = random.pick([...catalog.tables.values()]);
  const [left, right] = [columnName(random, table), columnName(random, table)];
  const path = random.pick(['', '', '->a', "->>'"]);
  const filter = `${random.pick(COMPARISONS)}(col).${right}${path}`;
  return random.chance(0.3)
    ? `or=${encodeURIComponent(`(${left}.${filter},not.and(${left}.${filter},${left}.is.null))`)}`
    : `${encodeURIComponent(left)}=${encodeURIComponent(filter)}`;
}

function nested(random: Random, catalog: Catalog): FuzzRequest {
  const table = random.pick([...catalog.tables.values()]);
  const rows = Array.from({ length: random.int(4) }, () => nestedRow(random, catalog, table, 0));
  return {
    method: 'POST',
    target: `/${encodeURIComponent(table.name.toWellFormed())}${random.pick(['', '?select=*', '?columns=id'])}`,
    headers: {
      'content-type': 'application/json',
      prefer: `nested=insert, ${random.pick(['return=representation', 'return=headers-only', 'missing=default', 'resolution=merge-duplicates'])}`,
    },
    body: JSON.stringify(random.chance(0.3) ? (rows[0] ?? 1) : rows),
  };
}

function nestedRow(random: Random, catalog: Catalog, table: Table, depth: number): Record<string, unknown> {
  const row: Record<string, unknown> = {};
  for (const name of table.columns.keys()) {
    if (random.chance(0.4)) row[name] = random.pick<unknown>([...NASTY, 1, null, {}, []]);
  }
  for (const rel of catalog.relationships.get(key(table.schema, table.name)) ?? []) {
    const target = catalog.tables.get(key(rel.target.schema, rel.target.name));
    if (!target || !random.chance(0.4)) continue;
    const name =
      'constraint' in rel && random.chance(0.5) ? `${rel.target.name}!${rel.constraint}` : rel.target.name;
    const one = (): unknown =>
      depth < 7 && random.chance(0.8)
        ? nestedRow(random, catalog, target, depth + 1)
        : random.pick<unknown>([1, null, 'x', [[]]]);
    row[name] = random.chance(0.5) ? one() : [one(), one()];
  }
  return row;
}

function batch(random: Random, catalog: Catalog): FuzzRequest {
  const items = Array.from({ length: random.int(5) }, () => {
    const { method, target, headers, body } = generateRequest(random, catalog);
    return random.pick<unknown>([
      { method, path: target, headers, body },
      { method, path: target, headers, body },
      { method, path: target, body: random.pick<unknown>([1, null, {}, [], [{}]]) },
      { path: target },
      random.pick<unknown>([1, null, 'x', { path: 1 }, { method: 'QUERY', path: '/' }]),
    ]);
  });
  const headers = {
    'content-type': 'application/json',
    prefer: random.pick(['tx=rollback', 'tx=commit', '']),
  };
  return { method: 'POST', target: '/batch', headers, body: JSON.stringify(items) };
}
