import { type Catalog, CLASS, isNoMember, text } from '../catalog.ts';
import type { DumpObject } from '../object.ts';
import type { Column } from './columns.ts';
import { options } from './tables.ts';

/** A view, which can be made with the right columns first and with its query later. */
export interface ViewObject extends DumpObject {
  /** Null for a materialized one. */
  readonly placeholder: string | null;
}

/** Views and materialized views. */
export async function readViews(
  catalog: Catalog,
  columns: ReadonlyMap<string, readonly Column[]>,
): Promise<ViewObject[]> {
  const rows = await catalog.rows(`
    select c.oid, n.nspname as schema, c.relname as name, format('%I.%I', n.nspname, c.relname) as quoted, pg_get_userbyid(c.relowner) as owner,
      c.relkind as kind, c.relispopulated as is_populated, ${options('c.reloptions', '')} as options, pg_get_viewdef(c.oid) as query,
      (select am.amname from pg_am am where am.oid = c.relam and am.amname <> 'heap') as access_method
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where ${catalog.relations} and c.relkind in ('v', 'm') and ${isNoMember(CLASS.relation, 'c.oid')} order by n.nspname, c.relname`);
  return rows.flatMap((row): ViewObject[] => {
    const key = `${CLASS.relation}:${text(row, 'oid')}`;
    const quoted = text(row, 'quoted');
    const isMaterialized = row.kind === 'm';
    const kind = isMaterialized ? 'MATERIALIZED VIEW' : 'VIEW';
    const storage = `${row.access_method === null ? '' : `\nUSING ${row.access_method}`}${row.options === null ? '' : ` WITH (${row.options})`}`;
    const query = text(row, 'query').trimEnd().replace(/;$/, '');
    const settings = (columns.get(text(row, 'oid')) ?? []).flatMap(column => [
      ...(isMaterialized
        ? column.settings.map(
            setting => `ALTER TABLE ONLY ${quoted} ALTER COLUMN ${column.quoted} ${setting};`,
          )
        : []),
      ...(column.default === null
        ? []
        : [`ALTER VIEW ${quoted} ALTER COLUMN ${column.quoted} SET DEFAULT ${column.default.expression};`]),
    ]);
    const common = {
      schema: text(row, 'schema'),
      name: text(row, 'name'),
      owner: text(row, 'owner'),
    };
    const view: ViewObject = {
      ...common,
      key,
      kind,
      section: 'pre-data',
      definition: [
        `CREATE ${kind} ${quoted}${storage} AS\n${query}${isMaterialized ? '\n  WITH NO DATA' : ''};`,
        ...settings,
      ].join('\n\n'),
      dropped: `${kind} ${quoted}`,
      named: `${kind} ${quoted}`,
      dependsOn: new Set(),
      placeholder: isMaterialized
        ? null
        : `CREATE VIEW ${quoted}${storage} AS\nSELECT\n    ${(columns.get(text(row, 'oid')) ?? [])
            .map(column => `NULL::${column.type}${column.collation} AS ${column.quoted}`)
            .join(',\n    ')};`,
    };
    if (!isMaterialized || row.is_populated !== 't') return [view];
    return [
      view,
      {
        ...common,
        key: `refresh:${text(row, 'oid')}`,
        kind: 'MATERIALIZED VIEW DATA',
        section: 'last',
        // Its owner's look, to whom row security may apply.
        definition: `SET row_security = on;\n\nREFRESH MATERIALIZED VIEW ${quoted};\n\nSET row_security = off;`,
        dropped: null,
        named: null,
        dependsOn: new Set([key]),
        placeholder: null,
      },
    ];
  });
}
