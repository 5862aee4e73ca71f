import { type Catalog, CLASS, isNoMember, type Row, text } from '../catalog.ts';
import type { DumpObject } from '../object.ts';
import type { Column } from './columns.ts';

/** A default or a check that stands inside of a table's definition, unless that would need the table first. */
export interface TablePart {
  readonly key: string;
  readonly kind: 'DEFAULT' | 'CHECK CONSTRAINT';
  readonly name: string;
  /** As a statement of its own. */
  readonly statement: string;
  readonly dropStatement: string;
  /** ` ON COLUMN`-less name for comments; null for a default. */
  readonly named: string | null;
  isSeparate: boolean;
}

/** A table before its definition is written, as what it holds inside is known only when all is in order. */
export interface TableObject extends DumpObject {
  readonly parts: readonly TablePart[];
  /** Writes the definition, with what is not separate inside. */
  render(): string;
}

interface Check {
  readonly key: string;
  readonly name: string;
  readonly quoted: string;
  /** With its name. */
  readonly definition: string;
}

/** Tables, partitioned ones and partitions, and foreign tables. */
export async function readTables(
  catalog: Catalog,
  columns: ReadonlyMap<string, readonly Column[]>,
): Promise<TableObject[]> {
  const checks = await readChecks(catalog);
  const rows = await catalog.rows(`
    select c.oid, n.nspname as schema, c.relname as name, format('%I.%I', n.nspname, c.relname) as quoted, pg_get_userbyid(c.relowner) as owner,
      c.relkind as kind, c.relpersistence as persistence, c.relispartition as is_partition, c.relreplident as identity,
      c.relforcerowsecurity as force, case when c.reloftype <> 0 then format_type(c.reloftype, null) end as of_type,
      case when c.relkind = 'p' then pg_get_partkeydef(c.oid) end as partition_key,
      (select string_agg(i.inhparent::regclass::text, ', ' order by i.inhseqno) from pg_inherits i where i.inhrelid = c.oid and not c.relispartition) as parents,
      (select am.amname from pg_am am where am.oid = c.relam and am.amname <> 'heap'
        and exists (select from pg_depend e where e.classid = 2601 and e.objid = am.oid and e.deptype = 'e')) as access_method,
      nullif(concat_ws(', ', ${options('c.reloptions', '')}, (select ${options('t.reloptions', 'toast.')} from pg_class t where t.oid = c.reltoastrelid)), '') as options,
      (select format('SERVER %I', s.srvname) || coalesce(e'\\nOPTIONS (\\n    ' || (select string_agg(format('%I %L', option_name, option_value), e',\\n    ')
        from pg_options_to_table(f.ftoptions)) || e'\\n)', '') from pg_foreign_table f join pg_foreign_server s on s.oid = f.ftserver where f.ftrelid = c.oid) as server
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where ${catalog.relations} and c.relkind in ('r', 'p', 'f') and ${isNoMember(CLASS.relation, 'c.oid')} order by n.nspname, c.relname`);
  return rows.map(row =>
    tableOf(row, columns.get(text(row, 'oid')) ?? [], checks.get(text(row, 'oid')) ?? []),
  );
}

/** `fillfactor='70'`; the check option of a view is said elsewhere. */
export function options(of: string, prefix: string): string {
  return `(select string_agg(format('%s=%L', '${prefix}' || split_part(o, '=', 1), substr(o, strpos(o, '=') + 1)), ', ') from unnest(${of}) o)`;
}

function tableOf(row: Row, columns: readonly Column[], checks: readonly Check[]): TableObject {
  const quoted = text(row, 'quoted');
  const isForeign = row.kind === 'f';
  const isPartition = row.is_partition === 't';
  const command = isForeign ? 'FOREIGN TABLE' : 'TABLE';
  const alter = `ALTER ${command} ONLY ${quoted}`;
  const isOwn = (column: Column): boolean => column.isLocal || isPartition;
  const defaults = columns.flatMap((column): TablePart[] =>
    column.default === null || column.generated === 's' || (!isOwn(column) && column.default.isInherited)
      ? []
      : [
          {
            key: column.default.key,
            kind: 'DEFAULT',
            name: `${text(row, 'name')} ${column.name}`,
            statement: `${alter} ALTER COLUMN ${column.quoted} SET DEFAULT ${column.default.expression};`,
            dropStatement: `ALTER ${command} IF EXISTS ONLY ${quoted} ALTER COLUMN ${column.quoted} DROP DEFAULT;`,
            named: null,
            isSeparate: !isOwn(column),
          },
        ],
  );
  const constraints = checks.map(
    (check): TablePart => ({
      key: check.key,
      kind: 'CHECK CONSTRAINT',
      name: `${text(row, 'name')} ${check.name}`,
      statement: `ALTER ${command} ${quoted}\n    ADD CONSTRAINT ${check.definition};`,
      dropStatement: `ALTER ${command} IF EXISTS ${quoted} DROP CONSTRAINT IF EXISTS ${check.quoted};`,
      named: `CONSTRAINT ${check.quoted} ON ${quoted}`,
      isSeparate: false,
    }),
  );
  const isInside = (key: string | undefined): boolean =>
    ![...defaults, ...constraints].some(part => part.key === key && part.isSeparate);
  return {
    key: `${CLASS.relation}:${text(row, 'oid')}`,
    kind: command,
    schema: text(row, 'schema'),
    name: text(row, 'name'),
    owner: text(row, 'owner'),
    section: 'pre-data',
    definition: '',
    dropped: `${command} ${quoted}`,
    named: `${command} ${quoted}`,
    dependsOn: new Set(),
    parts: [...defaults, ...constraints],
    render() {
      const lines = [
        ...columns
          .filter(column =>
            row.of_type === null ? isOwn(column) : column.default !== null || column.isNotNull,
          )
          .map(column => renderColumn(column, row.of_type !== null, isInside(column.default?.key))),
        ...checks.filter(({ key }) => isInside(key)).map(({ definition }) => `CONSTRAINT ${definition}`),
      ];
      const body =
        lines.length > 0 ? ` (\n    ${lines.join(',\n    ')}\n)` : row.of_type === null ? ' (\n)' : '';
      const statements = [
        [
          `CREATE ${row.persistence === 'u' ? 'UNLOGGED ' : ''}${command} ${quoted}${row.of_type === null ? '' : ` OF ${row.of_type}`}${body}`,
          ...(row.parents === null ? [] : [`INHERITS (${row.parents})`]),
          ...(row.partition_key === null ? [] : [`PARTITION BY ${row.partition_key}`]),
          ...(row.server === null ? [] : [row.server]),
          ...(row.access_method === null ? [] : [`USING ${row.access_method}`]),
          ...(row.options === null ? [] : [`WITH (${row.options})`]),
        ].join('\n'),
        ...columns.flatMap(column => alterColumn(column, alter, isOwn(column))),
        ...(row.identity === 'f' ? [`${alter} REPLICA IDENTITY FULL`] : []),
        ...(row.identity === 'n' && row.kind !== 'f' ? [`${alter} REPLICA IDENTITY NOTHING`] : []),
        ...(row.force === 't' ? [`${alter} FORCE ROW LEVEL SECURITY`] : []),
      ];
      return `${statements.join(';\n\n')};`;
    },
  };
}

function renderColumn(column: Column, isOfType: boolean, hasDefaultInside: boolean): string {
  const type = isOfType ? ' WITH OPTIONS' : ` ${column.type}${column.collation}`;
  const options = column.options === null ? '' : ` OPTIONS (\n    ${column.options}\n    )`;
  let value = '';
  if (column.default !== null && column.generated === 's')
    value = ` GENERATED ALWAYS AS (${column.default.expression}) STORED`;
  else if (column.default !== null && hasDefaultInside) value = ` DEFAULT ${column.default.expression}`;
  return `${column.quoted}${type}${options}${value}${column.isNotNull ? ' NOT NULL' : ''}`;
}

function alterColumn(column: Column, alter: string, isOwn: boolean): string[] {
  const settings = column.settings.map(setting => `${alter} ALTER COLUMN ${column.quoted} ${setting}`);
  return !isOwn && column.isNotNull && !column.isNotNullInherited
    ? [`${alter} ALTER COLUMN ${column.quoted} SET NOT NULL`, ...settings]
    : settings;
}

/** Checks that hold for what is there, by the table's number; a partition has its parent's as its own before it is attached. */
async function readChecks(catalog: Catalog): Promise<ReadonlyMap<string, readonly Check[]>> {
  const rows = await catalog.rows(`
    select k.oid, k.conrelid as relation, k.conname as name, quote_ident(k.conname) as quoted, quote_ident(k.conname) || ' ' || pg_get_constraintdef(k.oid) as definition
    from pg_constraint k join pg_class c on c.oid = k.conrelid
    where ${catalog.relations} and k.contype = 'c' and k.convalidated and (k.conislocal or c.relispartition) order by k.conname`);
  const checks = new Map<string, Check[]>();
  for (const row of rows) {
    const relation = text(row, 'relation');
    const list = checks.get(relation) ?? [];
    checks.set(relation, list);
    list.push({
      key: `${CLASS.constraint}:${text(row, 'oid')}`,
      name: text(row, 'name'),
      quoted: text(row, 'quoted'),
      definition: text(row, 'definition'),
    });
  }
  return checks;
}

/** How partitions belong to their parents; and index partitions to the parents' indexes. */
export async function readAttachments(catalog: Catalog): Promise<DumpObject[]> {
  const rows = await catalog.rows(`
    select c.oid, p.oid as parent, n.nspname as schema, c.relname as name, c.relkind as kind, format('%I.%I', n.nspname, c.relname) as quoted,
      format('%I.%I', pn.nspname, p.relname) as parent_name, pg_get_expr(c.relpartbound, c.oid) as bound
    from pg_inherits i join pg_class c on c.oid = i.inhrelid join pg_class p on p.oid = i.inhparent
    join pg_namespace n on n.oid = c.relnamespace join pg_namespace pn on pn.oid = p.relnamespace
    where ${catalog.relations.replaceAll('c.oid', '(select coalesce((select x.indrelid from pg_index x where x.indexrelid = c.oid), c.oid))')}
      and c.relispartition and c.relkind in ('r', 'p', 'f', 'i', 'I') order by n.nspname, c.relname`);
  return rows.map(row => {
    const isIndex = row.kind === 'i' || row.kind === 'I';
    return {
      key: `${isIndex ? 'index' : 'table'} attach:${text(row, 'oid')}`,
      kind: isIndex ? 'INDEX ATTACH' : 'TABLE ATTACH',
      schema: text(row, 'schema'),
      name: text(row, 'name'),
      owner: null,
      section: isIndex ? 'post-data' : 'pre-data',
      definition: isIndex
        ? `ALTER INDEX ${text(row, 'parent_name')} ATTACH PARTITION ${text(row, 'quoted')};`
        : `ALTER TABLE ONLY ${text(row, 'parent_name')} ATTACH PARTITION ${text(row, 'quoted')} ${text(row, 'bound')};`,
      dropped: null,
      named: null,
      dependsOn: new Set([
        `${CLASS.relation}:${text(row, 'oid')}`,
        `${CLASS.relation}:${text(row, 'parent')}`,
      ]),
    };
  });
}
