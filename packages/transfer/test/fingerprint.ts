import { connect } from '@peakstone/testing';

/** What the catalogs say of every object, by name, looked at in another way than the dump does. */
export async function fingerprint(url: string): Promise<unknown> {
  const client = connect(url);
  const own = `n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`;
  const queries = [
    `select n.nspname, c.relname, c.relkind, c.relowner::regrole, c.relacl::text, c.reloptions, c.relrowsecurity, c.relforcerowsecurity, c.relreplident, c.relpersistence, c.relispartition
      from pg_class c join pg_namespace n on n.oid = c.relnamespace where ${own} order by 1, 2`,
    `select c.oid::regclass::text, a.attname, a.atttypid::regtype, a.atttypmod, a.attnotnull, a.attidentity, a.attgenerated, a.attstorage, a.attcompression, a.attstattarget, a.attacl::text,
      a.attcollation::regcollation, pg_get_expr(d.adbin, d.adrelid) from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
      left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum where ${own} and a.attnum > 0 and not a.attisdropped order by 1, 2`,
    `select c.conname, c.conrelid::regclass::text, c.contype, pg_get_constraintdef(c.oid), c.convalidated, c.conislocal, c.coninhcount from pg_constraint c join pg_namespace n on n.oid = c.connamespace where ${own} order by 1, 2, 4`,
    `select p.oid::regprocedure::text, p.prosrc, p.prosecdef, p.provolatile, p.proparallel, p.proconfig, p.proacl::text, p.proowner::regrole, p.prokind from pg_proc p join pg_namespace n on n.oid = p.pronamespace where ${own} order by 1`,
    `select t.tgname, t.tgrelid::regclass::text, pg_get_triggerdef(t.oid), t.tgenabled from pg_trigger t where not t.tgisinternal order by 1, 2`,
    `select * from pg_policies order by 1, 2, 3`,
    `select * from pg_rules order by 1, 2, 3`,
    `select * from pg_publication_tables order by 1, 2, 3`,
    `select evtname, evtevent, evtenabled, evttags from pg_event_trigger order by 1`,
    `select defaclrole::regrole, defaclnamespace::regnamespace, defaclobjtype, defaclacl::text from pg_default_acl order by 1, 2, 3`,
    `select pg_describe_object(classoid, objoid, objsubid), description from pg_description where objoid >= 16384 or classoid = 'pg_largeobject'::regclass order by 1`,
    `select sequencename, last_value, start_value, min_value, max_value, increment_by, cycle, cache_size, data_type from pg_sequences order by 1`,
    `select oid, lomowner::regrole, lomacl::text, md5(lo_get(oid)) from pg_largeobject_metadata order by 1`,
  ];
  try {
    // Names are said in full, whatever the database's settings are.
    await client.script(`set search_path = ''`);
    const found: unknown[] = [];
    for (const query of queries) found.push(await client.query(query));
    return found;
  } finally {
    await client.close();
  }
}
