import type { Catalog, Table } from '@peakstone/kernel/catalog';
import type { Random } from './random.ts';
import { NASTY } from './words.ts';

const AGGREGATES = ['sum', 'count', 'avg', 'max', 'min', 'nope'] as const;
const CASTS = ['text', 'int', 'numeric', 'json', 'nope', "te'xt", 'text;--', 'pg_catalog.text', ''] as const;
const HINTS = [
  '',
  '',
  '',
  '!inner',
  '!left',
  '!nope',
  '!client_id',
  '!projects_client_id_fkey',
  '!inner!client_id',
];
const PREFIXES = ['', '', '...', '...', 'x:', '"x y":', '":'];

/** A select list over a table, with embeds and spreads of what the catalog relates to it, up to four levels deep. */
export function selectList(
  random: Random,
  catalog: Catalog,
  table: Table | undefined,
  depth: number,
): string {
  const columns = [...(table?.columns.keys() ?? ['id', 'name'])];
  if (columns.length === 0 || random.chance(0.1)) columns.push('nope');
  const relationships = table ? (catalog.relationships.get(`${table.schema}\0${table.name}`) ?? []) : [];
  const items: string[] = [];
  for (let n = 1 + random.int(4); n > 0; n--) {
    if (depth < 4 && random.chance(0.35)) {
      const relationship = relationships.length > 0 ? random.pick(relationships) : null;
      const name = relationship && random.chance(0.95) ? relationship.target.name : 'nope';
      const target = relationship
        ? catalog.tables.get(`${relationship.target.schema}\0${relationship.target.name}`)
        : undefined;
      const inner = random.chance(0.1) ? '' : selectList(random, catalog, target, depth + 1);
      items.push(`${random.pick(PREFIXES)}${name}${random.pick(HINTS)}(${inner})`);
    } else items.push(selectItem(random, random.pick(columns)));
  }
  return items.join(',');
}

function selectItem(random: Random, column: string): string {
  switch (random.int(8)) {
    case 0:
      return '*';
    case 1:
      return `a:${column}::${random.pick(CASTS)}`;
    case 2:
      return `${column}->${random.pick(['a', '0', '-1', "a'b", '"a"', '""'])}->>${random.pick(NASTY)}`;
    case 3:
      return `${column}.${random.pick(AGGREGATES)}()`;
    case 4:
      return `n:${column}::${random.pick(CASTS)}.${random.pick(AGGREGATES)}()::${random.pick(CASTS)}`;
    case 5:
      return random.pick(['count()', `"${column}"`, `"${random.pick(NASTY)}":${column}`, random.pick(NASTY)]);
    default:
      return column;
  }
}
