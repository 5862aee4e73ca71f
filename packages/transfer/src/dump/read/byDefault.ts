import { quoteLiteral as literal } from '@peakstone/kernel/pg';
import { type Catalog, CLASS, isNoMember, text } from '../catalog.ts';

/** Objects that one statement looks at. */
const AT_ONCE = 500;

/**
 * Statements that take away what the database of a restore gives by default on everything that is made there
 * (ALTER DEFAULT PRIVILEGES), so that what the dump says next is all that holds. Where nothing is given they do nothing.
 *
 * The schema public is left as it is: it was there before the dump.
 */
export async function readGivenByDefault(catalog: Catalog, isOfTables: boolean): Promise<string[]> {
  const { schemas } = catalog;
  const relations = catalog.relations.replaceAll(/\bc\./g, 'o.');
  const relation = (kind: string, kinds: string) =>
    `select '${kind}' as kind, format('%I.%I', n.nspname, o.relname) as name from pg_class o join pg_namespace n on n.oid = o.relnamespace
      where ${relations} and o.relkind in (${kinds}) and ${isNoMember(CLASS.relation, 'o.oid')}`;
  const queries = [
    relation('TABLE', `'r', 'p', 'v', 'm', 'f'`),
    relation('SEQUENCE', `'S'`),
    ...(isOfTables
      ? []
      : [
          `select 'ROUTINE', o.oid::regprocedure::text from pg_proc o where o.pronamespace = any (${schemas}) and ${isNoMember(CLASS.routine, 'o.oid')}`,
          `select 'TYPE', format('%I.%I', n.nspname, o.typname) from pg_type o join pg_namespace n on n.oid = o.typnamespace
            where n.oid = any (${schemas}) and o.typelem = 0 and (o.typrelid = 0 or exists (select from pg_class c where c.oid = o.typrelid and c.relkind = 'c'))
              and o.typtype <> 'm' and ${isNoMember(CLASS.type, 'o.oid')}`,
          `select 'SCHEMA', quote_ident(o.nspname) from pg_namespace o where o.oid = any (${schemas}) and o.nspname <> 'public' and ${isNoMember(CLASS.schema, 'o.oid')}`,
        ]),
  ];
  const rows = await catalog.rows(`${queries.join('\nunion all\n')} order by kind, name`);
  const objects = rows.map(row => `(${literal(text(row, 'kind'))}, ${literal(text(row, 'name'))})`);
  const statements: string[] = [];
  for (let at = 0; at < objects.length; at += AT_ONCE)
    statements.push(renderReset(objects.slice(at, at + AT_ONCE)));
  return statements;
}

/**
 * By names as they are shown, not as they are looked up: whoever restores may have no way into a schema that was there before.
 * @param objects Kind and name, as rows of VALUES
 */
function renderReset(objects: readonly string[]): string {
  const named = (column: string) => `pg_catalog.format('%I.%I', n.nspname, c.${column})`;
  const made = (kinds: string, prefix: string, from: string, name: string) =>
    `      SELECT o.kind, o.name, c.${prefix}owner AS owner, c.${prefix}acl AS acl FROM object o JOIN (pg_catalog.${from} c
        JOIN pg_catalog.pg_namespace n ON n.oid = c.${from === 'pg_namespace' ? 'oid' : `${prefix}namespace`}) ON o.kind IN (${kinds}) AND o.name = ${name}`;
  const body = `
DECLARE
  said text;
BEGIN
  FOR said IN SELECT statement FROM (
    WITH object (kind, name) AS (VALUES
      ${objects.join(',\n      ')}
    ), made AS (
${[
  made(`'TABLE', 'SEQUENCE'`, 'rel', 'pg_class', named('relname')),
  made(`'ROUTINE'`, 'pro', 'pg_proc', 'c.oid::pg_catalog.regprocedure::pg_catalog.text'),
  made(`'TYPE'`, 'typ', 'pg_type', named('typname')),
  made(`'SCHEMA'`, 'nsp', 'pg_namespace', 'pg_catalog.quote_ident(c.nspname)'),
].join('\n      UNION ALL\n')}
    )
    SELECT DISTINCT 1 AS place, pg_catalog.format('REVOKE ALL ON %s %s FROM %s', m.kind, m.name,
        CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(g.grantee)) END) AS statement
      FROM made m, pg_catalog.aclexplode(m.acl) g WHERE g.grantee <> m.owner AND pg_catalog.pg_has_role(m.owner, 'USAGE')
    UNION ALL
    SELECT 2, pg_catalog.format('GRANT %s ON %s %s TO PUBLIC', CASE m.kind WHEN 'TYPE' THEN 'USAGE' ELSE 'EXECUTE' END, m.kind, m.name)
      FROM made m WHERE m.kind IN ('TYPE', 'ROUTINE') AND m.acl IS NOT NULL AND pg_catalog.pg_has_role(m.owner, 'USAGE')
  ) AS all_of_them ORDER BY place
  LOOP
    EXECUTE said;
  END LOOP;
END
`;
  return `DO ${literal(body)};`;
}
