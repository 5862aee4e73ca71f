/**
 * Rows for the proof: copied from the database that the change was made in, else made up, a few for each table, so that a
 * statement that fails or loses something on a table in use does so here.
 */
import { isNotPostgres } from '@peakstone/kernel/inventory';
import {
  createPrivilegedPool,
  quoteIdentifier as id,
  quoteLiteral as literal,
  PgError,
  type Pool,
} from '@peakstone/kernel/pg';
import { quoteKey } from '../step.ts';

interface Column {
  readonly name: string;
  readonly type: string;
  /** Of the type, or what its domain rests on. */
  readonly category: string;
  readonly base: string;
  readonly required: boolean;
  /** Of PostgreSQL's own, so that reading it calls nobody's cast. */
  readonly isPlain: boolean;
  /** Of an enum: its key, and its labels. */
  readonly enumType: string | null;
  readonly enumValues: readonly string[] | null;
}

interface Table {
  readonly key: string;
  readonly columns: readonly Column[];
  readonly bytes: number;
}

/** How many are copied of a table, and how many made up. */
const COPIED = 200;
const MADE = 3;
/** Rows longer than this are passed over. */
const MAX_ROW_BYTES = 100_000;
/** Tables that one statement asks of, or one transaction fills: a round trip for each of a thousand tables takes longer than its rows. */
const BATCH = 50;
/** Of tables that are read together. */
const MAX_BATCH_BYTES = 8 * 1024 * 1024;
/** Sessions that fill at once. */
const SESSIONS = 2;

const TABLES = `
select n.nspname || '.' || c.relname, coalesce(json_agg(json_build_object(
    'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'category', b.typcategory, 'base', b.typname,
    'required', a.attnotnull or t.typnotnull, 'isPlain', b.oid < 16384,
    'enumType', case b.typtype when 'e' then (select nspname from pg_namespace where oid = b.typnamespace) || '.' || b.typname end,
    'enumValues', case b.typtype when 'e' then (select json_agg(e.enumlabel order by e.enumsortorder) from pg_enum e where e.enumtypid = b.oid) end
  ) order by a.attnum) filter (where a.attnum is not null), '[]'::json), coalesce(pg_table_size(c.oid), 0)
from pg_class c join pg_namespace n on n.oid = c.relnamespace
left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
left join pg_type t on t.oid = a.atttypid
left join pg_type b on b.oid = case when t.typtype = 'd' then t.typbasetype else t.oid end
where c.relkind in ('r', 'p') and not c.relispartition and ${isNotPostgres('n.nspname')}
  and not n.nspname = any ($1::text[])
group by c.oid, 1 order by 1`;

export interface Filled {
  /** Tables whose rows are made up: what refuses those need not refuse real ones. */
  readonly madeUp: ReadonlySet<string>;
  /** Tables that no row could be made for. */
  readonly empty: readonly string[];
}

/**
 * Fills every table that is empty.
 * @param url of one who may set session_replication_role: triggers and foreign keys are left out, checks are not
 * @param enums labels that are to stay: values that are refused afterwards prove nothing of those that are kept
 * @param source where rows are copied from, as far as it has the tables and columns
 */
export async function fillTables(
  url: string,
  ignoredSchemas: readonly string[],
  enums: ReadonlyMap<string, readonly string[]>,
  source: string | undefined,
): Promise<Filled> {
  const pools = Array.from({ length: SESSIONS }, () =>
    createPrivilegedPool({ url, name: 'peakstone proof' }),
  );
  const [pool] = pools as [Pool];
  const origin =
    source === undefined ? undefined : createPrivilegedPool({ url: source, name: 'peakstone diff' });
  try {
    const all = (await readTables(pool, ignoredSchemas)).map(table => ({
      ...table,
      columns: table.columns.map(column => withLabels(column, enums)),
    }));
    const filled = await filledTables(pool, all);
    const tables = all.filter(({ key }) => !filled.has(key));
    const copied =
      origin === undefined ? new Set<string>() : await copyAll(origin, pools, tables, ignoredSchemas);
    const rest = tables.filter(({ key }) => !copied.has(key));
    const made = await insertAll(
      pools,
      rest.map(table => ({ table, text: insertMade(table, table.columns, MADE) })),
      async (one, table) => await makeRows(one, table),
    );
    return { madeUp: made, empty: rest.flatMap(({ key }) => (made.has(key) ? [] : [key])) };
  } finally {
    for (const each of pools) await each.close();
    await origin?.close();
  }
}

function batches<T>(all: readonly T[], bytesOf: (each: T) => number = () => 0): T[][] {
  const found: T[][] = [];
  let bytes = 0;
  for (const each of all) {
    const last = found.at(-1);
    bytes += bytesOf(each);
    if (last !== undefined && last.length < BATCH && bytes <= MAX_BATCH_BYTES) last.push(each);
    else {
      found.push([each]);
      bytes = bytesOf(each);
    }
  }
  return found;
}

async function filledTables(pool: Pool, tables: readonly Table[]): Promise<ReadonlySet<string>> {
  const filled = new Set<string>();
  for (const some of batches(tables)) {
    const { rows } = await pool.query(
      some
        .map(({ key }) => `select ${literal(key)} where exists (select from ${quoteKey(key)})`)
        .join(' union all '),
    );
    for (const [key] of rows) filled.add(key!.toString());
  }
  return filled;
}

interface Insert {
  readonly table: Table;
  readonly text: string;
}

/**
 * Fills tables, many in one transaction; where one of them is refused, each of that transaction by itself.
 * @param alone what is done then @returns keys of those that have rows now
 */
async function insertAll(
  pools: readonly Pool[],
  inserts: readonly Insert[],
  alone: (pool: Pool, table: Table, text: string) => Promise<boolean>,
): Promise<ReadonlySet<string>> {
  const filled = new Set<string>();
  const waiting = batches(inserts, ({ text }) => text.length);
  await Promise.all(
    pools.map(async pool => {
      for (let some = waiting.shift(); some !== undefined; some = waiting.shift()) {
        const tags = await insertTogether(pool, some);
        for (const [index, { table, text }] of some.entries()) {
          const isDone = tags !== null && hasRows(tags[index]!);
          if (isDone || (await alone(pool, table, text))) filled.add(table.key);
        }
      }
    }),
  );
  return filled;
}

/** What the server said to each; null where it refused one, and so all. */
async function insertTogether(pool: Pool, inserts: readonly Insert[]): Promise<readonly string[] | null> {
  try {
    const texts = inserts.map(({ text }) => text).join(';\n');
    const results = await pool.script(`begin; ${WITHOUT_TRIGGERS};\n${texts};\ncommit`);
    return results.slice(2, -1).map(({ tag }) => tag);
  } catch (error) {
    if (error instanceof PgError) return null;
    throw error;
  }
}

/** Triggers and foreign keys would ask for rows elsewhere. */
const WITHOUT_TRIGGERS = 'set local session_replication_role = replica';

function hasRows(tag: string): boolean {
  return !tag.endsWith(' 0');
}

/** Takes the rows of a table away again. */
export async function emptyTable(url: string, table: string): Promise<void> {
  const pool = createPrivilegedPool({ url, name: 'peakstone proof' });
  try {
    await succeeds(pool, `delete from ${quoteKey(table)}`);
  } finally {
    await pool.close();
  }
}

function withLabels(column: Column, enums: ReadonlyMap<string, readonly string[]>): Column {
  const kept = enums.get(column.enumType ?? '');
  const labels = (column.enumValues ?? []).filter(label => kept?.includes(label) ?? true);
  return labels.length === 0 ? column : { ...column, enumValues: labels };
}

async function readTables(pool: Pool, ignoredSchemas: readonly string[]): Promise<readonly Table[]> {
  const list = `{${ignoredSchemas.map(name => JSON.stringify(name)).join(',')}}`;
  const { rows } = await pool.query(TABLES, [list]);
  return rows.map(row => ({
    key: row[0]?.toString() ?? '',
    columns: JSON.parse(row[1]?.toString() ?? '[]') as readonly Column[],
    bytes: Number(row[2]?.toString() ?? 0),
  }));
}

interface Copy {
  readonly table: Table;
  /** Columns that both have, and those that are missing there and needed. */
  readonly common: readonly Column[];
  readonly missing: readonly Column[];
  /** What it takes there, with what would have to be read at most. */
  readonly bytes: number;
}

/** Rows travel as JSON. @returns keys of the tables that have some now */
async function copyAll(
  origin: Pool,
  pools: readonly Pool[],
  tables: readonly Table[],
  ignoredSchemas: readonly string[],
): Promise<ReadonlySet<string>> {
  const have = new Map((await readTables(origin, ignoredSchemas)).map(table => [table.key, table]));
  const copies = tables.flatMap(table => {
    const there = have.get(table.key);
    const copy = there && planCopy(table, there);
    return copy ? [copy] : [];
  });
  const inserts: Insert[] = [];
  for (const some of batches(copies, ({ bytes }) => bytes))
    for (const [copy, json] of await readRows(origin, some))
      inserts.push({ table: copy.table, text: insertCopied(copy, json) });
  return await insertAll(pools, inserts, async (pool, _table, text) => await succeeds(pool, text));
}

function planCopy(table: Table, there: Table): Copy | undefined {
  const names = new Set(there.columns.flatMap(({ name, isPlain }) => (isPlain ? [name] : [])));
  const isCommon = ({ name, isPlain }: Column) => isPlain && names.has(name);
  const common = table.columns.filter(isCommon);
  if (common.length === 0) return undefined;
  const missing = table.columns.filter(column => column.required && !isCommon(column));
  return { table, common, missing, bytes: there.bytes };
}

/** Of many tables at once, or, where one may not be read, of each by itself. */
async function readRows(origin: Pool, copies: readonly Copy[]): Promise<(readonly [Copy, string])[]> {
  const found = await readJson(origin, copies);
  if (found !== undefined) return found;
  const each: (readonly [Copy, string])[] = [];
  if (copies.length > 1) for (const copy of copies) each.push(...((await readJson(origin, [copy])) ?? []));
  return each;
}

/** Nothing of a table that the login may not read; one that has become somebody's view is refused. */
async function readJson(
  origin: Pool,
  copies: readonly Copy[],
): Promise<(readonly [Copy, string])[] | undefined> {
  const texts = copies.map(({ table: { key }, common }, index) => {
    const columns = common.map(({ name }) => id(name)).join(', ');
    return `select ${index}, (select json_agg(r) from (select ${columns} from ${quoteKey(key)} s where pg_column_size(s.*) < ${MAX_ROW_BYTES} limit ${COPIED}) r)`;
  });
  try {
    const { rows } = await origin.query(texts.join(' union all '));
    return rows.flatMap(([index, json]) =>
      json == null ? [] : [[copies[Number(index!.toString())]!, json.toString()] as const],
    );
  } catch (error) {
    const isForbidden = error instanceof PgError && error.code === '42501';
    if (isForbidden) return undefined;
    throw error;
  }
}

function insertCopied({ table: { key }, common, missing }: Copy, json: string): string {
  const all = [...common, ...missing].map(({ name }) => id(name)).join(', ');
  const values = [
    ...common.map(({ name }) => `r.${id(name)}`),
    ...missing.map(column => `${madeUp(column)}::${column.type}`),
  ].join(', ');
  return `insert into ${quoteKey(key)} (${all}) overriding system value
    select ${values} from json_populate_recordset(null::${quoteKey(key)}, ${literal(json)}::json) r, (select 1 as i) n`;
}

/** All columns with values, else those alone that must have one; one row may stand where several are alike. */
async function makeRows(pool: Pool, table: Table): Promise<boolean> {
  const needed = table.columns.filter(({ required }) => required);
  for (const columns of [table.columns, needed])
    for (const rows of columns.length > 0 ? [MADE, 1] : [1])
      if (await succeeds(pool, insertMade(table, columns, rows))) return true;
  return false;
}

function insertMade({ key }: Table, columns: readonly Column[], rows: number): string {
  const into = `insert into ${quoteKey(key)}`;
  if (columns.length === 0) return `${into} default values`;
  const names = columns.map(({ name }) => id(name)).join(', ');
  const values = columns.map(column => `${madeUp(column)}::${column.type}`).join(', ');
  return `${into} (${names}) overriding system value select ${values} from generate_series(1, ${rows}) n(i)`;
}

async function succeeds(pool: Pool, text: string): Promise<boolean> {
  try {
    const results = await pool.exchange({
      begin: 'begin',
      statements: [
        { text: WITHOUT_TRIGGERS, values: [] },
        { text, values: [] },
      ],
    });
    return hasRows(results.at(-1)?.tag ?? ' 0');
  } catch (error) {
    if (error instanceof PgError) return false;
    throw error;
  }
}

/** By the type's name, then by its category. `n.i` counts rows. */
const BY_NAME: Readonly<Record<string, string>> = {
  uuid: 'gen_random_uuid()',
  bytea: "convert_to('x', 'utf8')",
  json: `'{}'`,
  jsonb: `'{}'`,
  xml: `'<x/>'`,
  tsvector: `'x'`,
  tsquery: `'x'`,
  money: 'n.i',
  oid: 'n.i::int',
  bit: `'0'`,
  varbit: `'0'`,
  date: `('2024-01-01'::date + n.i::int)`,
  time: `('00:00'::time + n.i * interval '1 min')`,
  timetz: `('00:00'::time + n.i * interval '1 min')::timetz`,
  int8: 'n.i',
};

const BY_CATEGORY: Readonly<Record<string, string>> = {
  N: 'n.i',
  S: `('x' || n.i)`,
  B: 'true',
  D: `('2024-01-01'::timestamptz + n.i * interval '1 day')`,
  T: `(n.i * interval '1 day')`,
  A: `'{}'`,
  I: `('10.0.0.' || n.i)`,
  R: `'empty'`,
};

function madeUp({ base, category, enumValues }: Column): string {
  if (enumValues !== null && enumValues.length > 0)
    return `(array[${enumValues.map(literal).join(', ')}])[1 + n.i % ${enumValues.length}]`;
  return BY_NAME[base] ?? BY_CATEGORY[category] ?? 'null';
}
