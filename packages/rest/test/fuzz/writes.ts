import type { Table } from '@peakstone/kernel/catalog';
import type { Random } from './random.ts';
import type { FuzzRequest } from './request.ts';
import { NASTY } from './words.ts';

type Encode = (random: Random, text: string) => string;

/** A PUT of one row by its key, or a POST that merges or ignores duplicates: nearly valid, so that it reaches the table. */
export function upsert(random: Random, table: Table, encode: Encode): FuzzRequest {
  const columns = [...table.columns.values()].filter(({ generated }) => !generated || random.chance(0.1));
  const row = (): Record<string, unknown> =>
    Object.fromEntries(
      columns
        .filter(({ name }) => table.primaryKey.includes(name) || random.chance(0.4))
        .map(({ name, type }) => [name, columnValue(random, type)]),
    );
  const first = row();
  const parameters: [string, string][] = [];
  const isPut = random.chance(0.5);
  if (isPut) {
    for (const name of table.primaryKey) parameters.push([name, `eq.${first[name]}`]);
    if (random.chance(0.1)) parameters.push([random.pick(['or', 'id', 'limit', 'nope']), random.pick(NASTY)]);
  } else if (random.chance(0.5)) {
    const names = random.chance(0.7) ? table.primaryKey : columns.map(({ name }) => name);
    parameters.push(['on_conflict', names.join(',')]);
  }
  if (random.chance(0.3)) parameters.push(['columns', Object.keys(first).join(',')]);
  if (random.chance(0.3)) parameters.push(['select', random.pick(['*', '', table.primaryKey.join(',')])]);
  const query = parameters
    .map(([name, value]) => `${encode(random, name)}=${encode(random, value)}`)
    .join('&');
  const prefer = [
    random.pick(['return=representation', 'return=minimal', 'return=headers-only']),
    random.pick([
      'resolution=merge-duplicates',
      'resolution=ignore-duplicates',
      'missing=default',
      'count=exact',
    ]),
    random.pick(['tx=rollback', 'missing=default', 'max-affected=1,handling=strict']),
  ].join(',');
  const target = `/${encodeURIComponent(table.name)}${query ? `?${query}` : ''}`;
  const body = JSON.stringify(isPut || random.chance(0.5) ? first : [first, row()]);
  return {
    method: isPut ? 'PUT' : 'POST',
    target,
    headers: { prefer, 'content-type': 'application/json' },
    body,
  };
}

function columnValue(random: Random, type: string): unknown {
  if (random.chance(0.15)) return random.pick<unknown>([...NASTY, null, {}, []]);
  if (/int|numeric|money/.test(type)) return 1 + random.int(30);
  if (type === 'uuid') return `00000000-0000-0000-0000-00000000000${random.int(10)}`;
  if (type === 'boolean') return random.chance(0.5);
  return null;
}
