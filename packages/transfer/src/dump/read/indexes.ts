import { type Catalog, CLASS, text } from '../catalog.ts';
import type { DumpObject } from '../object.ts';
import { options } from './tables.ts';

/** Indexes, keys that have one, and statistics over several columns. */
export async function readIndexes(catalog: Catalog): Promise<DumpObject[]> {
  const rows = await catalog.rows(`
    select x.indexrelid as oid, k.oid as constraint_oid, n.nspname as schema, i.relname as name, c.relname as table, c.oid as table_oid,
      pg_get_userbyid(c.relowner) as owner, format('%I.%I', n.nspname, c.relname) as table_quoted, format('%I.%I', n.nspname, i.relname) as quoted,
      quote_ident(i.relname) as short, pg_get_indexdef(x.indexrelid) as definition, quote_ident(k.conname) as constraint, pg_get_constraintdef(k.oid) as constraint_definition,
      c.relkind = 'f' as is_foreign, exists (select from pg_inherits h where h.inhrelid = x.indexrelid) as is_attached, x.indisclustered as is_clustered, x.indisreplident as is_identity, ${options('i.reloptions', '')} as options,
      (select string_agg(format('ALTER INDEX %I.%I ALTER COLUMN %s SET STATISTICS %s;', n.nspname, i.relname, a.attnum, a.attstattarget), e'\\n' order by a.attnum)
        from pg_attribute a where a.attrelid = x.indexrelid and a.attstattarget >= 0) as statistics
    from pg_index x join pg_class i on i.oid = x.indexrelid join pg_class c on c.oid = x.indrelid join pg_namespace n on n.oid = c.relnamespace
    left join pg_constraint k on k.conindid = x.indexrelid and k.conrelid = x.indrelid and k.contype in ('p', 'u', 'x')
    where ${catalog.relations} and c.relkind in ('r', 'p', 'm') and (x.indisvalid or c.relkind = 'p')
      and not exists (select from pg_depend e where e.classid = ${CLASS.relation} and e.objid = c.oid and e.deptype = 'e')
    order by n.nspname, i.relname`);
  return rows.map(row => {
    const isConstraint = row.constraint_oid !== null;
    const quoted = text(row, 'quoted');
    const table = text(row, 'table_quoted');
    const extra = [
      // Those of an index stand in its definition.
      ...(isConstraint && row.options !== null ? [`ALTER INDEX ${quoted} SET (${row.options});`] : []),
      ...(row.statistics === null ? [] : [row.statistics]),
      ...(row.is_clustered === 't' ? [`ALTER TABLE ${table} CLUSTER ON ${text(row, 'short')};`] : []),
      ...(row.is_identity === 't'
        ? [`ALTER TABLE ONLY ${table} REPLICA IDENTITY USING INDEX ${text(row, 'short')};`]
        : []),
    ];
    const definition = isConstraint
      ? `ALTER TABLE ONLY ${table}\n    ADD CONSTRAINT ${text(row, 'constraint')} ${text(row, 'constraint_definition')};`
      : `${text(row, 'definition')};`;
    return {
      // Whatever depends on the index depends on the key that makes it.
      key: `${CLASS.relation}:${text(row, 'oid')}`,
      kind: isConstraint ? 'CONSTRAINT' : 'INDEX',
      schema: text(row, 'schema'),
      name: isConstraint ? `${text(row, 'table')} ${text(row, 'name')}` : text(row, 'name'),
      owner: null,
      section: 'post-data',
      definition: [definition, ...extra].join('\n\n'),
      // A partition's goes with its parent's.
      dropped:
        row.is_attached === 't'
          ? null
          : isConstraint
            ? `CONSTRAINT ${text(row, 'constraint')}\0${table}`
            : `INDEX ${quoted}`,
      named: isConstraint ? `CONSTRAINT ${text(row, 'constraint')} ON ${table}` : `INDEX ${quoted}`,
      dependsOn: new Set([`${CLASS.relation}:${text(row, 'table_oid')}`]),
    };
  });
}

export async function readStatistics(catalog: Catalog): Promise<DumpObject[]> {
  const rows = await catalog.rows(`
    select s.oid, sn.nspname as schema, s.stxname as name, pg_get_userbyid(s.stxowner) as owner, format('%I.%I', sn.nspname, s.stxname) as quoted,
      pg_get_statisticsobjdef(s.oid) as definition, s.stxstattarget as target, c.oid as table
    from pg_statistic_ext s join pg_namespace sn on sn.oid = s.stxnamespace join pg_class c on c.oid = s.stxrelid
    where ${catalog.relations} order by sn.nspname, s.stxname`);
  return rows.map(row => ({
    key: `${CLASS.statistics}:${text(row, 'oid')}`,
    kind: 'STATISTICS',
    schema: text(row, 'schema'),
    name: text(row, 'name'),
    owner: text(row, 'owner'),
    section: 'post-data',
    definition: [
      `${text(row, 'definition')};`,
      ...(row.target === null || Number(row.target) < 0
        ? []
        : [`ALTER STATISTICS ${text(row, 'quoted')} SET STATISTICS ${row.target};`]),
    ].join('\n\n'),
    dropped: `STATISTICS ${text(row, 'quoted')}`,
    named: `STATISTICS ${text(row, 'quoted')}`,
    dependsOn: new Set([`${CLASS.relation}:${text(row, 'table')}`]),
  }));
}
