/** What tables hold, in figures that can be compared before and after. A table is who it was under another name, a column too. */
import { isNotPostgres } from '@peakstone/kernel/inventory';
import {
  arrayLiteral,
  createPrivilegedPool,
  quoteIdentifier as id,
  quoteLiteral as literal,
  type Pool,
} from '@peakstone/kernel/pg';
import type { Loss } from '../loss.ts';
import { quoteKey } from '../step.ts';

interface ColumnFigures {
  readonly name: string;
  readonly type: string;
  /** Computed from others. */
  readonly isGenerated: boolean;
  /** How many rows have a value. */
  readonly values: string;
  /** Of all its values, in any order; empty where they cannot be compared. */
  readonly digest: string;
  /** What the next row would get from the column's sequence. */
  readonly next: string | null;
}

export interface TableFigures {
  readonly key: string;
  readonly rows: string;
  /** By attribute number. */
  readonly columns: ReadonlyMap<string, ColumnFigures>;
}

/** Number, name, type, sequence, whether it is generated, whether its text changes with a composite type, and its category. */
type Attribute = readonly [number, string, string, string | null, boolean, boolean, string];

/** By oid. */
export type Figures = ReadonlyMap<string, TableFigures>;

const TABLES = `
select c.oid, n.nspname || '.' || c.relname, coalesce(json_agg(json_build_array(a.attnum, a.attname, format_type(a.atttypid, a.atttypmod),
    pg_get_serial_sequence(format('%I.%I', n.nspname, c.relname), a.attname), a.attgenerated <> '',
    'c' in (t.typtype, e.typtype, b.typtype), t.typcategory) order by a.attnum) filter (where a.attnum is not null), '[]'::json)
from pg_class c join pg_namespace n on n.oid = c.relnamespace
left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
left join pg_type t on t.oid = a.atttypid left join pg_type e on e.oid = t.typelem left join pg_type b on b.oid = t.typbasetype
where c.relkind = 'r' and ${isNotPostgres('n.nspname')} and not n.nspname = any ($1::text[])
  and ($2::oid[] is null or c.oid = any ($2))
group by 1, 2`;

/** Asked for together. */
const BATCH = 40;
/** Sessions that ask at once. */
const SESSIONS = 2;

/**
 * @param url of whoever migrates: what casts call is theirs
 * @param oids of the tables that are asked for; all of them without it
 * @param former what they held once: values are taken as the types of then would read them, which is what is left of them
 */
export async function countRows(
  url: string,
  ignoredSchemas: readonly string[],
  oids?: readonly string[],
  former?: Figures,
): Promise<Figures> {
  const pools = Array.from({ length: SESSIONS }, () =>
    createPrivilegedPool({ url, name: 'peakstone proof' }),
  );
  try {
    const { rows } = await pools[0]!.query(TABLES, [
      arrayLiteral(ignoredSchemas),
      oids ? arrayLiteral(oids) : null,
    ]);
    const tables = rows.map(row => ({
      oid: row[0]?.toString() ?? '',
      key: row[1]?.toString() ?? '',
      columns: JSON.parse(row[2]?.toString() ?? '[]') as Attribute[],
    }));
    const known = former === undefined ? undefined : await knownTypes(pools[0]!, former);
    const typeOnce = (oid: string, number: number) => {
      const type = former?.get(oid)?.columns.get(String(number))?.type;
      if (type === undefined) return undefined;
      const category = known?.get(type);
      return category === undefined ? null : { type, isNumber: isNumber(type, category) };
    };
    const figures = new Map<string, TableFigures>();
    const measure = async (pool: Pool, some: typeof tables): Promise<void> => {
      const { rows } = await pool.query(
        some.map(table => queryOf(table, number => typeOnce(table.oid, number))).join(' union all '),
      );
      for (const row of rows) {
        const table = some.find(({ oid }) => oid === row[0]?.toString());
        if (table === undefined) continue;
        const measured = JSON.parse(row[2]?.toString() ?? '[]') as [string, string | null, string | null][];
        const columns = table.columns.map(
          ([number, name, type, , isGenerated], index): [string, ColumnFigures] => {
            const [values = '0', digest, next] = measured[index] ?? [];
            return [
              String(number),
              {
                name,
                type,
                isGenerated,
                values: String(values),
                digest: digest ?? '',
                next: next == null ? null : String(next),
              },
            ];
          },
        );
        figures.set(table.oid, {
          key: table.key,
          rows: row[1]?.toString() ?? '0',
          columns: new Map(columns),
        });
      }
    };
    await Promise.all(
      pools.map(async pool => {
        while (tables.length > 0) await measure(pool, tables.splice(0, BATCH));
      }),
    );
    return figures;
  } finally {
    for (const pool of pools) await pool.close();
  }
}

/** Of the types that columns had, those that are there still, with their category. */
async function knownTypes(pool: Pool, former: Figures): Promise<ReadonlyMap<string, string>> {
  const all = [...former.values()].flatMap(({ columns }) => [...columns.values()].map(({ type }) => type));
  const { rows } = await pool.query(
    'select t, y.typcategory from unnest($1::text[]) t join pg_type y on y.oid = to_regtype(t)',
    [arrayLiteral([...new Set(all)])],
  );
  return new Map(rows.map(([type, category]) => [String(type), String(category)]));
}

interface Once {
  readonly type: string;
  readonly isNumber: boolean;
}

/** What any other number can be cast to. */
function isNumber(type: string, category: string): boolean {
  return category === 'N' && type !== 'money';
}

/** @param typeOnce what a column was once; undefined: as it is, null: what is not there any more */
function queryOf(
  { oid, key, columns }: { oid: string; key: string; columns: readonly Attribute[] },
  typeOnce: (number: number) => Once | null | undefined,
): string {
  const measured = columns.map(([number, name, type, sequence, , isComposite, category]) => {
    const once = typeOnce(number);
    const value = `t.${id(name)}`;
    const isSame = once == null || once.type === type;
    const text = `md5(${isSame ? `${value}::text` : textOf(value, once, isNumber(type, category))})`;
    const next =
      sequence === null
        ? 'null'
        : `(select case when is_called then last_value + 1 else last_value end from ${sequence})`;
    const isComparable = !isComposite && once !== null;
    return `json_build_array(count(t.${id(name)}), ${isComparable ? `md5(string_agg(${text}, '' order by ${text}))` : 'null'}, ${next})`;
  });
  const list = measured.length === 0 ? `'[]'::json` : `json_build_array(${measured.join(', ')})`;
  return `(select ${literal(oid)}, count(*), ${list} from only ${quoteKey(key)} t)`;
}

/** A value's text, as the type that it had once writes it; one that this cannot read is another. */
function textOf(value: string, once: Once, isStillNumber: boolean): string {
  // 1.00 is no text of an integer.
  if (once.isNumber && isStillNumber) return `${value}::${once.type}::text`;
  const text = `${value}::text`;
  return `case when pg_input_is_valid(${text}, ${literal(once.type)}) then ${text}::${once.type}::text else ${text} || ' is none' end`;
}

/** jsonb writes a document otherwise, which is what it is for. */
function isRewritten(from: string, to: string): boolean {
  return to.startsWith('jsonb') && from !== to;
}

/** What is gone that no loss has told of; sentences. Pure. */
export function findMissing(before: Figures, after: Figures, told: readonly Loss[]): readonly string[] {
  return [...before].flatMap(([oid, table]) => {
    const now = after.get(oid);
    const lost = (column?: string) =>
      told.some(
        loss =>
          (loss.table === table.key || loss.table === now?.key) &&
          (loss.column === undefined || loss.column === column),
      );
    if (table.rows === '0') return [];
    if (now === undefined)
      return lost() ? [] : [`Table ${table.key} is another one afterwards: its rows are gone.`];
    if (now.rows !== table.rows)
      return [`Table ${table.key} has ${now.rows} rows afterwards, not ${table.rows}.`];
    return [...table.columns].flatMap(([number, column]): string[] => {
      const then = now.columns.get(number);
      const where = `Column ${column.name} of ${table.key}`;
      const isComputed = column.isGenerated && (then === undefined || then.isGenerated);
      if (isComputed || lost(column.name) || lost(then?.name)) return [];
      if (then === undefined)
        return column.values === '0' ? [] : [`${where} is another one afterwards: its values are gone.`];
      if (then.values !== column.values)
        return [`${where} has ${then.values} values afterwards, not ${column.values}.`];
      const isCompared = column.digest !== '' && then.digest !== '' && !isRewritten(column.type, then.type);
      if (isCompared && then.digest !== column.digest) return [`${where} has other values afterwards.`];
      if (column.next !== null && then.next !== null && BigInt(then.next) < BigInt(column.next))
        return [`${where} would be numbered from ${then.next} afterwards, not from ${column.next}.`];
      return [];
    });
  });
}
