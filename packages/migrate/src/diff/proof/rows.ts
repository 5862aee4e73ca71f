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
  readonly enumValues: readonly string[];
}

interface Table {
  readonly key: string;
  readonly columns: readonly Column[];
}

/** How many are copied of a table, and how many made up. */
const COPIED = 200;
const MADE = 3;
/** Rows longer than this are passed over. */
const MAX_ROW_BYTES = 100_000;

const TABLES = `
select n.nspname || '.' || c.relname, coalesce(json_agg(json_build_object(
    'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'category', b.typcategory, 'base', b.typname,
    'required', a.attnotnull or t.typnotnull, 'isPlain', b.oid < 16384,
    'enumType', case b.typtype when 'e' then (select nspname from pg_namespace where oid = b.typnamespace) || '.' || b.typname end,
    'enumValues', coalesce((select json_agg(e.enumlabel order by e.enumsortorder) from pg_enum e where e.enumtypid = b.oid), '[]'::json)
  ) order by a.attnum) filter (where a.attnum is not null), '[]'::json)
from pg_class c join pg_namespace n on n.oid = c.relnamespace
left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
left join pg_type t on t.oid = a.atttypid
left join pg_type b on b.oid = case when t.typtype = 'd' then t.typbasetype else t.oid end
where c.relkind in ('r', 'p') and not c.relispartition and ${isNotPostgres('n.nspname')}
  and not n.nspname = any ($1::text[])
group by 1 order by 1`;

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
  const pool = createPrivilegedPool({ url, name: 'peakstone proof' });
  const origin =
    source === undefined ? undefined : createPrivilegedPool({ url: source, name: 'peakstone diff' });
  try {
    const tables = (await readTables(pool, ignoredSchemas)).map(table => ({
      ...table,
      columns: table.columns.map(column => withLabels(column, enums)),
    }));
    const have = new Map(
      (origin === undefined ? [] : await readTables(origin, ignoredSchemas)).map(table => [table.key, table]),
    );
    const empty: string[] = [];
    const made = new Set<string>();
    for (const table of tables) {
      const { rows } = await pool.query(`select exists (select from ${quoteKey(table.key)})`);
      if (rows[0]?.[0]?.toString() === 't') continue;
      const there = have.get(table.key);
      const copied =
        origin !== undefined && there !== undefined && (await copyRows(origin, pool, table, there));
      if (copied) continue;
      if (await makeRows(pool, table)) made.add(table.key);
      else empty.push(table.key);
    }
    return { madeUp: made, empty };
  } finally {
    await pool.close();
    await origin?.close();
  }
}

/** Takes the rows of a table away again. */
export async function emptyTable(url: string, table: string): Promise<void> {
  const pool = createPrivilegedPool({ url, name: 'peakstone proof' });
  try {
    await succeeds(pool, `delete from ${quoteKey(table)}`, []);
  } finally {
    await pool.close();
  }
}

function withLabels(column: Column, enums: ReadonlyMap<string, readonly string[]>): Column {
  const kept = enums.get(column.enumType ?? '');
  const labels = column.enumValues.filter(label => kept?.includes(label) ?? true);
  return labels.length === 0 ? column : { ...column, enumValues: labels };
}

async function readTables(pool: Pool, ignoredSchemas: readonly string[]): Promise<readonly Table[]> {
  const list = `{${ignoredSchemas.map(name => JSON.stringify(name)).join(',')}}`;
  const { rows } = await pool.query(TABLES, [list]);
  return rows.map(row => ({
    key: row[0]?.toString() ?? '',
    columns: JSON.parse(row[1]?.toString() ?? '[]') as readonly Column[],
  }));
}

/** Columns that both have travel as JSON; those that are missing and needed are made up. */
async function copyRows(origin: Pool, pool: Pool, table: Table, there: Table): Promise<boolean> {
  const names = new Set(there.columns.flatMap(({ name, isPlain }) => (isPlain ? [name] : [])));
  const isCommon = ({ name, isPlain }: Column) => isPlain && names.has(name);
  const common = table.columns.filter(isCommon);
  const missing = table.columns.filter(column => column.required && !isCommon(column));
  if (common.length === 0) return false;
  const columns = common.map(({ name }) => id(name)).join(', ');
  const json = await readJson(
    origin,
    `select json_agg(r) from (select ${columns} from ${quoteKey(table.key)} s where pg_column_size(s.*) < ${MAX_ROW_BYTES} limit ${COPIED}) r`,
  );
  if (json === undefined) return false;
  const all = [...common, ...missing].map(({ name }) => id(name)).join(', ');
  const values = [
    ...common.map(({ name }) => `r.${id(name)}`),
    ...missing.map(column => `${madeUp(column)}::${column.type}`),
  ].join(', ');
  const text = `insert into ${quoteKey(table.key)} (${all}) overriding system value
    select ${values} from json_populate_recordset(null::${quoteKey(table.key)}, $1::json) r, (select 1 as i) n`;
  return await succeeds(pool, text, [json]);
}

/** Nothing of a table that the login may not read; one that has become somebody's view is refused. */
async function readJson(origin: Pool, text: string): Promise<string | undefined> {
  try {
    const { rows } = await origin.query(text);
    return rows[0]?.[0]?.toString();
  } catch (error) {
    const isForbidden = error instanceof PgError && error.code === '42501';
    if (isForbidden) return undefined;
    throw error;
  }
}

/** All columns with values, else those alone that must have one. */
async function makeRows(pool: Pool, table: Table): Promise<boolean> {
  const needed = table.columns.filter(({ required }) => required);
  for (const columns of [table.columns, needed]) {
    const names = columns.map(({ name }) => id(name)).join(', ');
    const values = columns.map(column => `${madeUp(column)}::${column.type}`).join(', ');
    const into = `insert into ${quoteKey(table.key)}`;
    const text =
      columns.length === 0
        ? `${into} default values`
        : `${into} (${names}) overriding system value select ${values} from generate_series(1, ${MADE}) n(i)`;
    if (await succeeds(pool, text, [])) return true;
    // One row may stand where several are alike.
    if (columns.length > 0 && (await succeeds(pool, text.replace(`, ${MADE})`, ', 1)'), []))) return true;
  }
  return false;
}

/** Without triggers and foreign keys, which would ask for rows elsewhere. */
async function succeeds(pool: Pool, text: string, values: readonly string[]): Promise<boolean> {
  try {
    const results = await pool.exchange({
      begin: 'begin',
      statements: [
        { text: 'set local session_replication_role = replica', values: [] },
        { text, values },
      ],
    });
    return !results.at(-1)?.tag.endsWith(' 0');
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
  if (enumValues.length > 0)
    return `(array[${enumValues.map(literal).join(', ')}])[1 + n.i % ${enumValues.length}]`;
  return BY_NAME[base] ?? BY_CATEGORY[category] ?? 'null';
}
