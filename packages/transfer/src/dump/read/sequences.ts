import { type Catalog, CLASS, isNoMember, type Row, text } from '../catalog.ts';
import type { DumpObject } from '../object.ts';

export interface SequenceObject extends DumpObject {
  /** `SELECT pg_catalog.setval(…)`, in the data's section. */
  readonly value: string;
}

/** Sequences, those of identity columns, and whose column each belongs to. */
export async function readSequences(catalog: Catalog): Promise<SequenceObject[]> {
  const rows = await catalog.rows(`
    select c.oid, n.nspname as schema, c.relname as name, format('%I.%I', n.nspname, c.relname) as quoted, pg_get_userbyid(c.relowner) as owner,
      c.relpersistence as persistence, format_type(s.seqtypid, null) as type, s.seqstart as start, s.seqincrement as increment, s.seqcache as cache,
      s.seqcycle as cycle, case when s.seqmax <> ${limit('9223372036854775807', '2147483647', '32767', '-1')} then s.seqmax end as max,
      case when s.seqmin <> ${limit('1', '1', '1', '-9223372036854775808', '-2147483648', '-32768')} then s.seqmin end as min,
      o.relname as owned_name, quote_ident(tn.nspname) || '.' || quote_ident(o.relname) as owned_table, quote_ident(a.attname) as owned_column, a.attidentity as identity,
      d.deptype as owned, o.oid as owned_oid, has_sequence_privilege(c.oid, 'select') as readable
    from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_sequence s on s.seqrelid = c.oid
    left join pg_depend d on d.classid = ${CLASS.relation} and d.objid = c.oid and d.refclassid = ${CLASS.relation} and d.refobjsubid > 0 and d.deptype in ('a', 'i')
    left join pg_class o on o.oid = d.refobjid left join pg_namespace tn on tn.oid = o.relnamespace
    left join pg_attribute a on a.attrelid = o.oid and a.attnum = d.refobjsubid
    where (${catalog.relations} or ${catalog.relations.replaceAll(/\bc\.(?=oid|relnamespace)/g, 'o.')}) and c.relkind = 'S'
      and ${isNoMember(CLASS.relation, 'c.oid')} order by n.nspname, c.relname`);
  const values = await readValues(
    catalog,
    rows.filter(row => row.readable === 't'),
  );
  return rows.flatMap((row): SequenceObject[] => {
    const key = `${CLASS.relation}:${text(row, 'oid')}`;
    const quoted = text(row, 'quoted');
    const common = { schema: text(row, 'schema'), name: text(row, 'name') };
    const parameters = [
      `START WITH ${text(row, 'start')}`,
      `INCREMENT BY ${text(row, 'increment')}`,
      row.min === null ? 'NO MINVALUE' : `MINVALUE ${row.min}`,
      row.max === null ? 'NO MAXVALUE' : `MAXVALUE ${row.max}`,
      `CACHE ${text(row, 'cache')}`,
      ...(row.cycle === 't' ? ['CYCLE'] : []),
    ].join('\n    ');
    const isIdentity = row.owned === 'i';
    const type = row.type === 'bigint' ? '' : `\n    AS ${row.type}`;
    const value = values.get(text(row, 'oid'));
    const name = quoted.replaceAll("'", "''");
    const sequence: SequenceObject = {
      ...common,
      key,
      kind: 'SEQUENCE',
      owner: isIdentity ? null : text(row, 'owner'),
      section: 'pre-data',
      definition: isIdentity
        ? `ALTER TABLE ${text(row, 'owned_table')} ALTER COLUMN ${text(row, 'owned_column')} ADD GENERATED ${row.identity === 'a' ? 'ALWAYS' : 'BY DEFAULT'} AS IDENTITY (\n    SEQUENCE NAME ${quoted}\n    ${parameters}\n);`
        : `CREATE ${row.persistence === 'u' ? 'UNLOGGED ' : ''}SEQUENCE ${quoted}${type}\n    ${parameters};`,
      dropped: isIdentity ? null : `SEQUENCE ${quoted}`,
      named: `SEQUENCE ${quoted}`,
      dependsOn: new Set(isIdentity ? [`${CLASS.relation}:${text(row, 'owned_oid')}`] : []),
      value: value === undefined ? '' : `SELECT pg_catalog.setval('${name}', ${value[0]}, ${value[1]});`,
    };
    if (row.owned !== 'a') return [sequence];
    return [
      sequence,
      {
        ...common,
        key: `owned by:${text(row, 'oid')}`,
        kind: 'SEQUENCE OWNED BY',
        owner: null,
        section: 'pre-data',
        definition: `ALTER SEQUENCE ${quoted} OWNED BY ${text(row, 'owned_table')}.${text(row, 'owned_column')};`,
        dropped: null,
        named: null,
        dependsOn: new Set([key, `${CLASS.relation}:${text(row, 'owned_oid')}`]),
        value: '',
      },
    ];
  });
}

/** The end of what a sequence can reach, by its type; `down` where it counts down. */
function limit(big: string, integer: string, small: string, ...down: readonly string[]): string {
  const [bigDown, integerDown = bigDown, smallDown = bigDown] = down;
  const byType = (values: readonly (string | undefined)[]) =>
    `case format_type(s.seqtypid, null) when 'bigint' then ${values[0]} when 'integer' then ${values[1]} else ${values[2]} end`;
  return `case when s.seqincrement > 0 then ${byType([big, integer, small])} else ${byType([bigDown, integerDown, smallDown])} end`;
}

/**
 * By sequence's oid. Only its name leads to all of a sequence, and what has the name by now may be a view, whose functions
 * would run as whoever dumps: where the server cannot be told to refuse those (`connectPrivileged`), the oid leads to the
 * last value of a sequence that was used; one that was not is at its start.
 */
async function readValues(
  catalog: Catalog,
  sequences: readonly Row[],
): Promise<ReadonlyMap<string, readonly [last: string, isCalled: boolean]>> {
  const [setting] = await catalog.rows(
    `select coalesce(current_setting('restrict_nonsystem_relation_kind', true), '') as refused`,
  );
  const byName = text(setting!, 'refused').includes('view');
  const values = new Map<string, readonly [string, boolean]>();
  const batch = 100;
  for (let at = 0; at < sequences.length; at += batch) {
    const selects = sequences.slice(at, at + batch).map(row => {
      const oid = text(row, 'oid');
      return byName
        ? `select ${oid} as oid, last_value, is_called from ${text(row, 'quoted')}`
        : `select ${oid} as oid, coalesce(last, ${text(row, 'start')}) as last_value, last is not null as is_called from pg_sequence_last_value(${oid}) last`;
    });
    for (const row of await catalog.rows(selects.join(' union all ')))
      values.set(text(row, 'oid'), [text(row, 'last_value'), row.is_called === 't']);
  }
  return values;
}
