/** All that a database holds, as lines that can be compared: two databases are equal when their lines are. */
import { schemasMadeBy, schemasWith } from '@peakstone/kernel/inventory';
import { createPrivilegedPool, quoteLiteral } from '@peakstone/kernel/pg';
import { countRows } from '../diff/proof/count.ts';
import { allowProof } from '../diff/proof/roles.ts';
import { rowsOf } from '../revisions/index.ts';

const notMine = ['information_schema', ...schemasWith('history')].map(quoteLiteral).join(', ');
/** Not PostgreSQL's own, and not a history's. */
const inMine = (alias: string): string =>
  `${alias}.nspname not like 'pg\\_%' and ${alias}.nspname not in (${notMine})`;
const noExtension = (catalog: string, oid: string): string =>
  `not exists (select from pg_depend x where x.classid = '${catalog}'::regclass and x.objid = ${oid} and x.deptype = 'e')`;

/** Each: what it is, its name, how it is made. */
const queries: readonly string[] = [
  `select 'schema', n.nspname, concat_ws(' ', n.nspowner::regrole, n.nspacl) from pg_namespace n where ${inMine('n')}`,
  `select 'relation', c.oid::regclass, concat_ws(' ', c.relkind, c.relpersistence, c.relowner::regrole, c.relacl, c.reloptions,
      c.relrowsecurity, c.relforcerowsecurity, c.relreplident, pg_get_partkeydef(c.oid), pg_get_expr(c.relpartbound, c.oid),
      (select string_agg(i.inhparent::regclass::text, ',' order by i.inhseqno) from pg_inherits i where i.inhrelid = c.oid))
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S', 'c') and ${inMine('n')} and ${noExtension('pg_class', 'c.oid')}`,
  `select 'column', concat(c.oid::regclass, '.', a.attname), concat_ws(' ',
      (select count(*) from pg_attribute b where b.attrelid = c.oid and b.attnum > 0 and b.attnum <= a.attnum and not b.attisdropped),
      format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated, a.attcollation::regcollation, a.attstorage,
      a.attcompression, a.attstattarget, a.attacl, a.attoptions, pg_get_expr(d.adbin, d.adrelid))
    from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
      left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p', 'v', 'm', 'f', 'c') and ${inMine('n')}`,
  `select 'constraint', concat_ws(' ', k.conrelid::regclass, k.contypid::regtype, k.conname), concat_ws(' ', pg_get_constraintdef(k.oid), k.convalidated)
    from pg_constraint k join pg_namespace n on n.oid = k.connamespace where ${inMine('n')}`,
  `select 'index', i.indexrelid::regclass, concat_ws(' ', pg_get_indexdef(i.indexrelid), i.indisvalid, i.indisclustered, i.indisreplident)
    from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace where ${inMine('n')}`,
  `select 'view', c.oid::regclass, pg_get_viewdef(c.oid) from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('v', 'm') and ${inMine('n')} and ${noExtension('pg_class', 'c.oid')}`,
  `select 'sequence', s.seqrelid::regclass, concat_ws(' ', s.seqtypid::regtype, s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle)
    from pg_sequence s join pg_class c on c.oid = s.seqrelid join pg_namespace n on n.oid = c.relnamespace where ${inMine('n')}`,
  `select 'function', p.oid::regprocedure, concat_ws(' ', p.proowner::regrole, p.proacl, case when p.prokind in ('f', 'p', 'w') then pg_get_functiondef(p.oid) end)
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace where ${inMine('n')} and ${noExtension('pg_proc', 'p.oid')}`,
  `select 'aggregate', a.aggfnoid::regprocedure, concat_ws(' ', a.aggtransfn, a.aggfinalfn, a.aggtranstype::regtype, a.agginitval)
    from pg_aggregate a join pg_proc p on p.oid = a.aggfnoid join pg_namespace n on n.oid = p.pronamespace where ${inMine('n')} and ${noExtension('pg_proc', 'p.oid')}`,
  `select 'type', t.oid::regtype, concat_ws(' ', t.typtype, t.typowner::regrole, t.typacl, t.typnotnull, t.typdefault, format_type(t.typbasetype, t.typtypmod),
      (select string_agg(e.enumlabel, ',' order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid))
    from pg_type t join pg_namespace n on n.oid = t.typnamespace where t.typtype in ('d', 'e', 'r') and ${inMine('n')} and ${noExtension('pg_type', 't.oid')}`,
  `select 'trigger', concat(t.tgrelid::regclass, '.', t.tgname), concat_ws(' ', pg_get_triggerdef(t.oid), t.tgenabled)
    from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace where not t.tgisinternal and ${inMine('n')}`,
  `select 'policy', concat(p.polrelid::regclass, '.', p.polname), concat_ws(' ', p.polcmd, p.polpermissive,
      (select string_agg(case r when 0 then 'public' else r::regrole::text end, ',' order by r) from unnest(p.polroles) r),
      pg_get_expr(p.polqual, p.polrelid), '/', pg_get_expr(p.polwithcheck, p.polrelid)) from pg_policy p`,
  `select 'rule', concat(r.ev_class::regclass, '.', r.rulename), pg_get_ruledef(r.oid) from pg_rewrite r
      join pg_class c on c.oid = r.ev_class join pg_namespace n on n.oid = c.relnamespace where r.rulename <> '_RETURN' and ${inMine('n')}`,
  `select 'statistics', concat(n.nspname, '.', s.stxname), pg_get_statisticsobjdef(s.oid) from pg_statistic_ext s
    join pg_namespace n on n.oid = s.stxnamespace where ${inMine('n')}`,
  `select 'extension', e.extname, concat_ws(' ', e.extnamespace::regnamespace, e.extversion) from pg_extension e`,
  `select 'event trigger', e.evtname, concat_ws(' ', e.evtevent, e.evtfoid::regprocedure, e.evtenabled, e.evttags) from pg_event_trigger e`,
  `select 'publication', p.pubname, concat_ws(' ', p.puballtables, p.pubinsert, p.pubupdate, p.pubdelete, p.pubtruncate,
      (select string_agg(r.prrelid::regclass::text, ',' order by r.prrelid::regclass::text) from pg_publication_rel r where r.prpubid = p.oid)) from pg_publication p`,
  `select 'default privileges', concat_ws(' ', d.defaclrole::regrole, d.defaclnamespace::regnamespace, d.defaclobjtype), d.defaclacl::text from pg_default_acl d`,
  `select 'comment', concat_ws(' ', i.type, i.identity), d.description from pg_description d, pg_identify_object(d.classoid, d.objoid, d.objsubid) i
    where d.objoid > 16383 and (i.schema is null or i.schema not in ('pg_catalog', 'information_schema', 'pg_toast'))`,
  `select 'operator', o.oid::regoperator, concat_ws(' ', o.oprcode, o.oprcom, o.oprnegate) from pg_operator o
      join pg_namespace n on n.oid = o.oprnamespace where ${inMine('n')} and ${noExtension('pg_operator', 'o.oid')}`,
  `select 'cast', concat(c.castsource::regtype, ' as ', c.casttarget::regtype), concat_ws(' ', c.castfunc, c.castcontext) from pg_cast c
    where c.oid > 16383 and ${noExtension('pg_cast', 'c.oid')}`,
  // A materialized view that was made with no data cannot be asked for any.
  `select 'rows', c.oid::regclass, case when c.relispopulated
      then (xpath('/row/n/text()', query_to_xml(format('select count(*) as n from %s', c.oid::regclass), false, true, '')))[1]::text
      else 'not populated' end
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'm') and ${inMine('n')} and ${noExtension('pg_class', 'c.oid')}`,
  `select 'position of sequence', s.seqrelid::regclass, pg_sequence_last_value(s.seqrelid)::text
    from pg_sequence s join pg_class c on c.oid = s.seqrelid join pg_namespace n on n.oid = c.relnamespace where ${inMine('n')}`,
];

/** A folder has no rows of its own there. */
const WITHOUT_ROWS = [
  ...schemasWith('history'),
  ...schemasMadeBy('bootstrap').filter(name => !schemasWith('supabase').includes(name)),
];

/**
 * Every object with how it is made, and every table with the number of its rows and a digest of each column.
 * @param url of whoever migrates, as whom values are turned into texts: what that calls is theirs
 */
export async function describeDatabase({
  url,
  adminUrl,
}: {
  readonly url: string;
  readonly adminUrl: string;
}): Promise<ReadonlyMap<string, string>> {
  await allowProof(adminUrl, url, []);
  const pool = createPrivilegedPool({ url: adminUrl, name: 'peakstone migrate squash' });
  try {
    const found = new Map<string, string>();
    for (const query of queries) {
      const rows = await rowsOf(text => pool.script(text), query);
      for (const [what, name, definition] of rows) found.set(`${what} ${name}`, definition ?? '');
    }
    for (const { key, columns } of (await countRows(url, WITHOUT_ROWS)).values())
      for (const { name, values, digest } of columns.values())
        found.set(`values of ${key}.${name}`, `${values} ${digest}`);
    return found;
  } finally {
    await pool.close();
  }
}

/** What is in one and not the same in the other, and how. Pure. */
export function compareDatabases(
  wanted: ReadonlyMap<string, string>,
  made: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const name of wanted.keys()) if (!made.has(name)) found.set(name, `${name} is missing`);
  for (const name of made.keys()) if (!wanted.has(name)) found.set(name, `${name} is too many`);
  for (const [name, definition] of wanted) {
    const now = made.get(name);
    if (now === undefined || now === definition) continue;
    const isValues = name.startsWith('values of ');
    found.set(name, isValues ? `${name} are others` : `${name} is another: ${now}, not ${definition}`);
  }
  return found;
}
