import { type Catalog, CLASS, isNoMember, text } from '../catalog.ts';
import type { DumpObject } from '../object.ts';

/** Publications with their tables and schemas, and event triggers. */
export async function readPublications(catalog: Catalog): Promise<DumpObject[]> {
  const publications = await catalog.rows(`
    select p.oid, p.pubname as name, quote_ident(p.pubname) as quoted, pg_get_userbyid(p.pubowner) as owner, p.puballtables as for_all,
      concat_ws(', ', case when p.pubinsert then 'insert' end, case when p.pubupdate then 'update' end, case when p.pubdelete then 'delete' end,
        case when p.pubtruncate then 'truncate' end) as publish, p.pubviaroot as via_root
    from pg_publication p where ${isNoMember(CLASS.publication, 'p.oid')} order by p.pubname`);
  const tables = await catalog.rows(`
    select r.oid, r.prpubid as publication, p.pubname as publication_name, quote_ident(p.pubname) as publication_quoted, c.relname as name, c.oid as table_oid,
      n.nspname as schema, format('%I.%I', n.nspname, c.relname) as table,
      (select ' (' || string_agg(quote_ident(a.attname), ', ' order by a.attnum) || ')' from pg_attribute a where a.attrelid = c.oid and a.attnum = any (r.prattrs)) as columns,
      pg_get_expr(r.prqual, r.prrelid) as condition
    from pg_publication_rel r join pg_publication p on p.oid = r.prpubid join pg_class c on c.oid = r.prrelid join pg_namespace n on n.oid = c.relnamespace
    where ${catalog.relations} order by n.nspname, c.relname, p.pubname`);
  const schemas = await catalog.rows(`
    select r.oid, r.pnpubid as publication, p.pubname as publication_name, quote_ident(p.pubname) as publication_quoted, n.nspname as name,
      quote_ident(n.nspname) as quoted, n.oid as schema_oid
    from pg_publication_namespace r join pg_publication p on p.oid = r.pnpubid join pg_namespace n on n.oid = r.pnnspid
    where n.oid = any (${catalog.schemas}) order by n.nspname, p.pubname`);
  const part = (row: Readonly<Record<string, string | null>>) => ({
    owner: null,
    section: 'post-data' as const,
    dropped: null,
    named: null,
    name: `${text(row, 'publication_name')} ${text(row, 'name')}`,
  });
  return [
    ...publications.map(
      (row): DumpObject => ({
        key: `${CLASS.publication}:${text(row, 'oid')}`,
        kind: 'PUBLICATION',
        schema: '',
        name: text(row, 'name'),
        owner: text(row, 'owner'),
        section: 'post-data',
        definition: `CREATE PUBLICATION ${text(row, 'quoted')}${row.for_all === 't' ? ' FOR ALL TABLES' : ''} WITH (publish = '${row.publish}'${row.via_root === 't' ? ', publish_via_partition_root = true' : ''});`,
        dropped: `PUBLICATION ${text(row, 'quoted')}`,
        named: `PUBLICATION ${text(row, 'quoted')}`,
        dependsOn: new Set(),
      }),
    ),
    ...tables.map(
      (row): DumpObject => ({
        ...part(row),
        key: `${CLASS.publicationTable}:${text(row, 'oid')}`,
        kind: 'PUBLICATION TABLE',
        schema: text(row, 'schema'),
        definition: `ALTER PUBLICATION ${text(row, 'publication_quoted')} ADD TABLE ONLY ${text(row, 'table')}${row.columns ?? ''}${row.condition === null ? '' : ` WHERE (${row.condition})`};`,
        dependsOn: new Set([
          `${CLASS.publication}:${text(row, 'publication')}`,
          `${CLASS.relation}:${text(row, 'table_oid')}`,
        ]),
      }),
    ),
    ...schemas.map(
      (row): DumpObject => ({
        ...part(row),
        key: `${CLASS.publicationSchema}:${text(row, 'oid')}`,
        kind: 'PUBLICATION TABLES IN SCHEMA',
        schema: text(row, 'name'),
        definition: `ALTER PUBLICATION ${text(row, 'publication_quoted')} ADD TABLES IN SCHEMA ${text(row, 'quoted')};`,
        dependsOn: new Set([
          `${CLASS.publication}:${text(row, 'publication')}`,
          `${CLASS.schema}:${text(row, 'schema_oid')}`,
        ]),
      }),
    ),
  ];
}

const STATES: Readonly<Record<string, string>> = { D: 'DISABLE', A: 'ENABLE ALWAYS', R: 'ENABLE REPLICA' };

export async function readEventTriggers(catalog: Catalog): Promise<DumpObject[]> {
  const rows = await catalog.rows(`
    select e.oid, e.evtname as name, quote_ident(e.evtname) as quoted, pg_get_userbyid(e.evtowner) as owner, e.evtevent as event, e.evtenabled as state,
      (select string_agg(quote_literal(tag), ', ') from unnest(e.evttags) tag) as tags,
      (select format('%I.%I()', n.nspname, p.proname) from pg_proc p join pg_namespace n on n.oid = p.pronamespace where p.oid = e.evtfoid) as routine
    from pg_event_trigger e where ${isNoMember(CLASS.eventTrigger, 'e.oid')} order by e.evtname`);
  return rows.map(row => {
    const state = STATES[row.state ?? ''];
    return {
      key: `${CLASS.eventTrigger}:${text(row, 'oid')}`,
      kind: 'EVENT TRIGGER',
      schema: '',
      name: text(row, 'name'),
      owner: text(row, 'owner'),
      // Behind all that they would fire on.
      section: 'last',
      definition: [
        `CREATE EVENT TRIGGER ${text(row, 'quoted')} ON ${text(row, 'event')}${row.tags === null ? '' : `\n         WHEN TAG IN (${row.tags})`}\n   EXECUTE FUNCTION ${text(row, 'routine')};`,
        ...(state === undefined ? [] : [`ALTER EVENT TRIGGER ${text(row, 'quoted')} ${state};`]),
      ].join('\n\n'),
      dropped: `EVENT TRIGGER ${text(row, 'quoted')}`,
      named: `EVENT TRIGGER ${text(row, 'quoted')}`,
      dependsOn: new Set(),
    };
  });
}
