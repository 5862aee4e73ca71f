/** Tables of schemas that are somebody else's, on which an application hangs what is its own: a trigger on auth.users. */
import { arrayLiteral, createPrivilegedPool } from '@peakstone/kernel/pg';
import type { AskedScope, ForeignTables } from './engine/types.ts';

const TABLES = `select n.nspname || '.' || c.relname, pg_get_userbyid(c.relowner) = $2,
    exists (select from pg_roles where rolname = $2 and has_schema_privilege(oid, n.oid, 'create'))
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p') and n.nspname = any ($1::text[])`;

/**
 * @param url of what the folder makes: who owns a table there owns it wherever the files are applied
 * @param wantedUrl of what is wanted
 */
export async function findForeignTables(
  url: string,
  wantedUrl: string,
  { ignoredSchemas, impliedOwners: [owner = ''] }: AskedScope,
): Promise<ForeignTables> {
  const [here, wanted] = await Promise.all(
    [url, wantedUrl].map(each => readTables(each, ignoredSchemas, owner)),
  );
  const there = new Set(wanted!.map(({ key }) => key));
  const both = here!.filter(({ key }) => there.has(key));
  const shared = both.filter(({ isOwn }) => isOwn);
  const keysOf = (tables: readonly ForeignTable[]) => tables.map(({ key }) => key);
  return {
    sharedTables: keysOf(shared),
    openTables: keysOf(shared.filter(({ isOpen }) => isOpen)),
    foreignTables: keysOf(both),
  };
}

interface ForeignTable {
  readonly key: string;
  readonly isOwn: boolean;
  readonly isOpen: boolean;
}

async function readTables(
  url: string,
  schemas: readonly string[],
  owner: string,
): Promise<readonly ForeignTable[]> {
  const pool = createPrivilegedPool({ url, name: 'peakstone diff' });
  try {
    const { rows } = await pool.query(TABLES, [arrayLiteral(schemas), owner]);
    return rows.map(row => {
      const [key, isOwn, isOpen] = row.map(String);
      return { key: key!, isOwn: isOwn === 't', isOpen: isOpen === 't' };
    });
  } finally {
    await pool.close();
  }
}

const isIn = (parameter: string): string => `concat(n.nspname, '.', c.relname) = any (${parameter}::text[])`;
const isShared = isIn('$2');
const isOpen = isIn('$3');
const isForeign = isIn('$4');

/** What hangs on such a table by a reference to it. */
const onTable = (
  kind: string,
  catalog: string,
  reference: string,
  name: string,
  definition: string,
  where: string,
) =>
  `select '${kind}', concat(${name}, ' on ', n.nspname, '.', c.relname), null, null, ${definition}
   from ${catalog} d join pg_class c on c.oid = d.${reference} join pg_namespace n on n.oid = c.relnamespace
   where n.nspname = any ($1::text[]) and ${where}`;

const roleNames = `(select string_agg(case r when 0 then 'public' else r::regrole::text end, ',' order by r) from unnest(d.polroles) r)`;
const isOwnFunction = `exists (select from pg_proc p join pg_namespace f on f.oid = p.pronamespace
     where p.oid = d.tgfoid and not f.nspname = any ($1::text[]))`;
const sorted = (acl: string): string =>
  `(select string_agg(a::text, ' ' order by a::text) from unnest(${acl}) a)`;

/**
 * What of it is not written, and named where two databases differ in it, in the shape of extras. $1 ignored schemas, $2 shared
 * tables, $3 open ones, $4 foreign ones, $5 whoever migrates.
 */
export const FOREIGN_QUERIES: readonly string[] = [
  onTable(
    ...(['trigger', 'pg_trigger', 'tgrelid', 'd.tgname', 'pg_get_triggerdef(d.oid)'] as const),
    `not d.tgisinternal and not ${isShared} and ${isOwnFunction}`,
  ),
  onTable(
    ...(['policy', 'pg_policy', 'polrelid', 'd.polname'] as const),
    `concat_ws(' ', d.polcmd, d.polpermissive, ${roleNames}, pg_get_expr(d.polqual, d.polrelid), '/', pg_get_expr(d.polwithcheck, d.polrelid))`,
    `not ${isShared}`,
  ),
  onTable(
    ...(['rule', 'pg_rewrite', 'ev_class', 'd.rulename', 'pg_get_ruledef(d.oid)'] as const),
    `${isForeign} and not ${isShared}`,
  ),
  onTable(
    ...([
      'index',
      'pg_index',
      'indrelid',
      'd.indexrelid::regclass',
      'pg_get_indexdef(d.indexrelid)',
    ] as const),
    `${isForeign} and not ${isOpen} and not exists (select from pg_constraint k where k.conindid = d.indexrelid)`,
  ),
  onTable(
    ...(['constraint', 'pg_constraint', 'conrelid', 'd.conname', 'pg_get_constraintdef(d.oid)'] as const),
    `${isForeign} and not ${isOpen}`,
  ),
  onTable(
    ...(['member of a publication:', 'pg_publication_rel', 'prrelid'] as const),
    '(select pubname from pg_publication where oid = d.prpubid)',
    `concat(d.prattrs, pg_get_expr(d.prqual, d.prrelid))`,
    `not ${isShared}`,
  ),
  onTable(
    ...(['privileges', 'pg_class', 'oid', `''`, sorted('d.relacl')] as const),
    `${isForeign} and not ${isShared}`,
  ),
  `select 'column', concat_ws('.', n.nspname, c.relname, d.attname), null, null,
     concat_ws(' ', format_type(d.atttypid, d.atttypmod), d.attnotnull)
   from pg_attribute d join pg_class c on c.oid = d.attrelid join pg_namespace n on n.oid = c.relnamespace
   where n.nspname = any ($1::text[]) and d.attnum > 0 and not d.attisdropped and ${isForeign}`,
  `select 'row security', concat_ws('.', n.nspname, c.relname), null, null, concat(c.relrowsecurity, c.relforcerowsecurity)
   from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = any ($1::text[]) and ${isForeign}`,
  // What whoever migrates has made in a schema that is not theirs.
  `select 'function', p.oid::regprocedure::text, null, null, pg_get_functiondef(p.oid)
   from pg_proc p join pg_namespace n on n.oid = p.pronamespace
   where n.nspname = any ($1::text[]) and p.prokind in ('f', 'p') and pg_get_userbyid(p.proowner) = $5`,
];
