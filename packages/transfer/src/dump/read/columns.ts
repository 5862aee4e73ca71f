import { type Catalog, CLASS, type Row, text } from '../catalog.ts';
import { collation } from './types.ts';

/** A column as a table's definition and its rows need it. */
export interface Column {
  readonly name: string;
  readonly quoted: string;
  readonly type: string;
  /** ` COLLATE x`, or nothing. */
  readonly collation: string;
  readonly isNotNull: boolean;
  /** Not only a parent's. */
  readonly isLocal: boolean;
  /** `a` or `d` for an identity column, `s` for a stored generated one, or nothing. */
  readonly generated: string;
  readonly isIdentity: boolean;
  /** Key and expression of its default, or of how it is generated. */
  readonly default: {
    readonly key: string;
    readonly expression: string;
    readonly isInherited: boolean;
  } | null;
  /** What ALTER COLUMN sets beside: `SET STATISTICS 100` … */
  readonly settings: readonly string[];
  /** `OPTIONS (…)` of a foreign table's. */
  readonly options: string | null;
  /** Whether a parent says NOT NULL, so that it need not be said again. */
  readonly isNotNullInherited: boolean;
}

/** By the relation's number, in their order. */
export async function readColumns(catalog: Catalog): Promise<ReadonlyMap<string, readonly Column[]>> {
  const parent = (
    condition: string,
  ) => `exists (select from pg_inherits i join pg_attribute pa on pa.attrelid = i.inhparent and pa.attname = a.attname
      where i.inhrelid = c.oid and ${condition})`;
  const rows = await catalog.rows(`
    select c.oid as relation, a.attname as name, quote_ident(a.attname) as quoted, format_type(a.atttypid, a.atttypmod) as type,
      ${collation('a.attcollation', 't.typcollation')} as collation, a.attnotnull as not_null, a.attislocal as local,
      a.attgenerated as generated, a.attidentity as identity, d.oid as default, pg_get_expr(d.adbin, d.adrelid) as expression,
      exists (select from pg_inherits i join pg_attribute pa on pa.attrelid = i.inhparent and pa.attname = a.attname
        join pg_attrdef pd on pd.adrelid = pa.attrelid and pd.adnum = pa.attnum
        where i.inhrelid = c.oid and pg_get_expr(pd.adbin, pd.adrelid) = pg_get_expr(d.adbin, d.adrelid)) as default_inherited,
      ${parent('pa.attnotnull')} as not_null_inherited,
      (select string_agg(format('%I %L', option_name, option_value), e',\\n    ') from pg_options_to_table(a.attfdwoptions)) as options,
      nullif(concat_ws(e'\\n', case when a.attstattarget >= 0 then 'SET STATISTICS ' || a.attstattarget end,
        case when a.attstorage <> t.typstorage then 'SET STORAGE ' || case a.attstorage when 'p' then 'PLAIN' when 'e' then 'EXTERNAL'
          when 'm' then 'MAIN' else 'EXTENDED' end end,
        case a.attcompression when 'p' then 'SET COMPRESSION pglz' when 'l' then 'SET COMPRESSION lz4' end,
        case when a.attoptions is not null then 'SET (' || array_to_string(a.attoptions, ', ') || ')' end), '') as settings
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    join pg_type t on t.oid = a.atttypid
    left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    where ${catalog.relations} and c.relkind in ('r', 'p', 'f', 'v', 'm') order by c.oid, a.attnum`);
  const columns = new Map<string, Column[]>();
  for (const row of rows) {
    const relation = text(row, 'relation');
    const list = columns.get(relation) ?? [];
    columns.set(relation, list);
    list.push(columnOf(row));
  }
  return columns;
}

function columnOf(row: Row): Column {
  const generated = row.generated ?? '';
  return {
    name: text(row, 'name'),
    quoted: text(row, 'quoted'),
    type: text(row, 'type'),
    collation: row.collation ?? '',
    isNotNull: row.not_null === 't',
    isLocal: row.local === 't',
    generated,
    isIdentity: (row.identity ?? '') !== '',
    default:
      row.default === null || row.default === undefined
        ? null
        : {
            key: `${CLASS.default}:${row.default}`,
            expression: text(row, 'expression'),
            isInherited: row.default_inherited === 't',
          },
    settings: (row.settings ?? '').split('\n').filter(Boolean),
    options: row.options ?? null,
    isNotNullInherited: row.not_null_inherited === 't',
  };
}
