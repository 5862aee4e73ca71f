/** A database as its description tells, and with what is in it: two are equal when all of that is. */
import { isNotPostgres, schemasMadeBy, schemasWith } from '@peakstone/kernel/inventory';
import { arrayLiteral, createPrivilegedPool } from '@peakstone/kernel/pg';
import { type Description, describeDatabase } from '../describe/index.ts';
import { countRows } from '../diff/proof/count.ts';
import { allowProof } from '../diff/proof/roles.ts';

/** A database of a throw-away server: for whoever migrates, and for whoever may look at everything. */
export interface SquashDatabase {
  readonly url: string;
  readonly adminUrl: string;
}

const HISTORIES = schemasWith('history');

/** A folder has no rows of its own there. */
const WITHOUT_ROWS = [
  ...HISTORIES,
  ...schemasMadeBy('bootstrap').filter(name => !schemasWith('supabase').includes(name)),
];

/** Rows that no column tells of, positions, and the order of columns. */
const CONTENTS = `
with relations as (
  select c.*, n.nspname || '.' || c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where ${isNotPostgres('n.nspname')} and not n.nspname = any ($1::text[])
)
select 'rows', name, name, json_build_object('count', case when relispopulated
    then (xpath('/row/n/text()', query_to_xml(format('select count(*) as n from %s', oid::regclass), false, true, '')))[1]::text
    else 'not populated' end)::text
  from relations where relkind in ('r', 'm')
union all select 'position of sequence', name, name, json_build_object('last', pg_sequence_last_value(oid))::text
  from relations where relkind = 'S'
union all select 'order of columns of', name, name,
    json_build_object('columns', (select string_agg(attname, ', ' order by attnum) from pg_attribute where attrelid = relations.oid and attnum > 0 and not attisdropped))::text
  from relations where relkind in ('r', 'p', 'f', 'c')
union all select 'version of extension', extname, null, json_build_object('version', extversion)::text from pg_extension`;

/** @param url of whoever migrates, as whom values are turned into texts: what that calls is theirs */
export async function describeWhole({ url, adminUrl }: SquashDatabase): Promise<Description> {
  await allowProof(adminUrl, url, []);
  const nobodys = {
    ...{ ignoredSchemas: HISTORIES, ignoredTables: [], impliedOwners: [] },
    ...{ sharedTables: [], openTables: [], foreignTables: [] },
  };
  const whole = new Map(await describeDatabase(adminUrl, nobodys));
  const pool = createPrivilegedPool({ url: adminUrl, name: 'peakstone migrate squash' });
  try {
    const { rows } = await pool.query(CONTENTS, [arrayLiteral(HISTORIES)]);
    for (const [kind, object, relation, text] of rows) {
      const name = `${kind} ${object}`;
      whole.set(name, {
        ...{ name, object: String(object) },
        ...{ relation: relation?.toString() ?? null, text: String(text) },
      });
    }
  } finally {
    await pool.close();
  }
  for (const { key, columns } of (await countRows(url, WITHOUT_ROWS)).values())
    for (const { name: column, values, digest } of columns.values()) {
      const object = `${key}.${column}`;
      const name = `values of ${object}`;
      whole.set(name, { name, object, relation: key, text: JSON.stringify({ count: values, digest }) });
    }
  return whole;
}
