/** What the library does not plan, and a statement makes: read by ourselves from the catalogs. */
import { isNotPostgres } from '@peakstone/kernel/inventory';
import { arrayLiteral, createPrivilegedPool } from '@peakstone/kernel/pg';
import type { Description } from '../describe/index.ts';
import type { Scope } from './engine/types.ts';
import { type Step, step } from './step.ts';

/** One object, or one property of one, beyond the library. */
export interface Extra {
  readonly kind: string;
  readonly name: string;
  /** Makes it so. */
  readonly create: string;
  readonly drop: string;
  /** Two are the same when this is. */
  readonly definition: string;
}

/** By kind what a property is one of, as a description calls it: it goes with that. */
const PROPERTIES: Readonly<Record<string, readonly string[]>> = {
  'column storage': ['column'],
  'column compression': ['column'],
  'column statistics target': ['column'],
  'column options': ['column'],
  'default of an inherited column': ['column'],
  'default of a view’s column': ['column'],
  'comment on a column': ['column'],
  'clustered index': ['table'],
  'type of a table': ['table'],
  'toast options': ['table', 'materialized view'],
  'statistics target': ['extended statistics'],
  'statistics target of an index': ['index'],
  'state of a trigger': ['trigger'],
};

/** What has to go before it can be another. */
const REPLACED = ['extended statistics', 'column options', 'toast options', 'type of a table'];

/** Of ALTER TABLE … TRIGGER. */
function stateOf(letter: string): string {
  return `case ${letter} when 'D' then 'DISABLE' when 'R' then 'ENABLE REPLICA' when 'A' then 'ENABLE ALWAYS' else 'ENABLE' end`;
}

/** Each names what it takes from catalogs; `%SCHEMAS%` is the condition on namespace `n` and relation `c`. */
const QUERIES: readonly string[] = [
  `select 'extended statistics', n.nspname || '.' || s.stxname, pg_get_statisticsobjdef(s.oid),
     format('DROP STATISTICS %I.%I', n.nspname, s.stxname), pg_get_statisticsobjdef(s.oid)
   from pg_statistic_ext s join pg_class c on c.oid = s.stxrelid join pg_namespace n on n.oid = s.stxnamespace where %SCHEMAS%`,
  `select 'column storage', format('%s.%s.%s', n.nspname, c.relname, a.attname),
     format('ALTER TABLE %I.%I ALTER COLUMN %I SET STORAGE %s', n.nspname, c.relname, a.attname,
       case a.attstorage when 'p' then 'PLAIN' when 'e' then 'EXTERNAL' when 'm' then 'MAIN' else 'EXTENDED' end),
     format('ALTER TABLE %I.%I ALTER COLUMN %I SET STORAGE DEFAULT', n.nspname, c.relname, a.attname), a.attstorage::text
   from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
     join pg_type t on t.oid = a.atttypid
   where c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped and a.attstorage <> t.typstorage and %SCHEMAS%`,
  `select 'column compression', format('%s.%s.%s', n.nspname, c.relname, a.attname),
     format('ALTER TABLE %I.%I ALTER COLUMN %I SET COMPRESSION %s', n.nspname, c.relname, a.attname,
       case a.attcompression when 'p' then 'pglz' else 'lz4' end),
     format('ALTER TABLE %I.%I ALTER COLUMN %I SET COMPRESSION default', n.nspname, c.relname, a.attname), a.attcompression::text
   from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
   where c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped and a.attcompression <> '' and %SCHEMAS%`,
  `select 'column statistics target', format('%s.%s.%s', n.nspname, c.relname, a.attname),
     format('ALTER TABLE %I.%I ALTER COLUMN %I SET STATISTICS %s', n.nspname, c.relname, a.attname, a.attstattarget),
     format('ALTER TABLE %I.%I ALTER COLUMN %I SET STATISTICS DEFAULT', n.nspname, c.relname, a.attname), a.attstattarget::text
   from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
   where c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped and a.attstattarget >= 0 and %SCHEMAS%`,
  `select 'clustered index', n.nspname || '.' || c.relname,
     format('ALTER TABLE %I.%I CLUSTER ON %I', n.nspname, c.relname, i.relname),
     format('ALTER TABLE %I.%I SET WITHOUT CLUSTER', n.nspname, c.relname), i.relname::text
   from pg_index x join pg_class c on c.oid = x.indrelid join pg_class i on i.oid = x.indexrelid
     join pg_namespace n on n.oid = c.relnamespace where x.indisclustered and c.relkind = 'r' and %SCHEMAS%`,
  `select 'statistics target', n.nspname || '.' || s.stxname, format('ALTER STATISTICS %I.%I SET STATISTICS %s', n.nspname, s.stxname, s.stxstattarget),
     format('ALTER STATISTICS %I.%I SET STATISTICS -1', n.nspname, s.stxname), s.stxstattarget::text
   from pg_statistic_ext s join pg_class c on c.oid = s.stxrelid join pg_namespace n on n.oid = s.stxnamespace where s.stxstattarget >= 0 and %SCHEMAS%`,
  `select 'statistics target of an index', format('%s.%s %s', n.nspname, c.relname, a.attnum),
     format('ALTER INDEX %I.%I ALTER COLUMN %s SET STATISTICS %s', n.nspname, c.relname, a.attnum, a.attstattarget),
     format('ALTER INDEX %I.%I ALTER COLUMN %s SET STATISTICS -1', n.nspname, c.relname, a.attnum), a.attstattarget::text
   from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
   where c.relkind in ('i', 'I') and a.attstattarget >= 0 and %SCHEMAS%`,
  `select 'column options', format('%s.%s.%s', n.nspname, c.relname, a.attname),
     format('ALTER TABLE %I.%I ALTER COLUMN %I SET (%s)', n.nspname, c.relname, a.attname, array_to_string(a.attoptions, ', ')),
     format('ALTER TABLE %I.%I ALTER COLUMN %I RESET (%s)', n.nspname, c.relname, a.attname, (select string_agg(split_part(o, '=', 1), ', ') from unnest(a.attoptions) o)),
     a.attoptions::text
   from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
   where c.relkind in ('r', 'p', 'm') and a.attnum > 0 and not a.attisdropped and a.attoptions is not null and %SCHEMAS%`,
  `select 'toast options', n.nspname || '.' || c.relname,
     format('ALTER TABLE %I.%I SET (%s)', n.nspname, c.relname, (select string_agg('toast.' || o, ', ') from unnest(t.reloptions) o)),
     format('ALTER TABLE %I.%I RESET (%s)', n.nspname, c.relname, (select string_agg('toast.' || split_part(o, '=', 1), ', ') from unnest(t.reloptions) o)),
     t.reloptions::text
   from pg_class t join pg_class c on c.reltoastrelid = t.oid join pg_namespace n on n.oid = c.relnamespace
   where t.reloptions is not null and %SCHEMAS%`,
  // The library sees no column that a table has from its parent, and what is set on the parent reaches all of its children.
  `select 'default of an inherited column', format('%s.%s.%s', n.nspname, c.relname, a.attname),
     format('ALTER TABLE ONLY %I.%I ALTER COLUMN %I SET DEFAULT %s', n.nspname, c.relname, a.attname, pg_get_expr(d.adbin, d.adrelid)),
     format('ALTER TABLE ONLY %I.%I ALTER COLUMN %I DROP DEFAULT', n.nspname, c.relname, a.attname), pg_get_expr(d.adbin, d.adrelid)
   from pg_attrdef d join pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
     join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
   where a.attinhcount > 0 and a.attgenerated = '' and %SCHEMAS%`,
  `select 'default of a view’s column', format('%s.%s.%s', n.nspname, c.relname, a.attname),
     format('ALTER VIEW %I.%I ALTER COLUMN %I SET DEFAULT %s', n.nspname, c.relname, a.attname, pg_get_expr(d.adbin, d.adrelid)),
     format('ALTER VIEW %I.%I ALTER COLUMN %I DROP DEFAULT', n.nspname, c.relname, a.attname), pg_get_expr(d.adbin, d.adrelid)
   from pg_attrdef d join pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
     join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
   where c.relkind = 'v' and %SCHEMAS%`,
  `select 'comment on a column', format('%s.%s.%s', n.nspname, c.relname, a.attname),
     format('COMMENT ON COLUMN %I.%I.%I IS %L', n.nspname, c.relname, a.attname, d.description),
     format('COMMENT ON COLUMN %I.%I.%I IS NULL', n.nspname, c.relname, a.attname), d.description
   from pg_description d join pg_class c on c.oid = d.objoid join pg_namespace n on n.oid = c.relnamespace
     join pg_attribute a on a.attrelid = c.oid and a.attnum = d.objsubid
   where d.classoid = 'pg_class'::regclass and c.relkind in ('v', 'm', 'c') and %SCHEMAS%`,
  // Of a partition, whose triggers are its parent's.
  `select 'state of a trigger', format('%s on %s.%s', t.tgname, n.nspname, c.relname),
     format('ALTER TABLE ONLY %I.%I %s TRIGGER %I', n.nspname, c.relname, ${stateOf('t.tgenabled')}, t.tgname),
     format('ALTER TABLE ONLY %I.%I %s TRIGGER %I', n.nspname, c.relname, ${stateOf('p.tgenabled')}, t.tgname), t.tgenabled::text
   from pg_trigger t join pg_trigger p on p.oid = t.tgparentid join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
   where t.tgenabled <> p.tgenabled and not t.tgisinternal and %SCHEMAS%`,
  `select 'type of a table', n.nspname || '.' || c.relname,
     format('ALTER TABLE %I.%I OF %s', n.nspname, c.relname, c.reloftype::regtype),
     format('ALTER TABLE %I.%I NOT OF', n.nspname, c.relname), c.reloftype::regtype::text
   from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.reloftype <> 0 and %SCHEMAS%`,
];

/** @param url of a login that sees everything */
export async function readExtras(url: string, { ignoredSchemas }: Scope): Promise<readonly Extra[]> {
  const schemas = `${isNotPostgres('n.nspname')} and not n.nspname = any ($1::text[]) and not exists (select from pg_depend dep
    where dep.classid = 'pg_class'::regclass and dep.objid = c.oid and dep.deptype = 'e')`;
  const text = QUERIES.map(query => query.replace('%SCHEMAS%', schemas)).join('\nunion all\n');
  const pool = createPrivilegedPool({ url, name: 'peakstone diff' });
  try {
    const { rows } = await pool.query(text, [arrayLiteral(ignoredSchemas)]);
    return rows.map(row => {
      const [kind, name, create, drop, definition] = row.map(String);
      return { kind: kind!, name: name!, create: create!, drop: drop!, definition: definition! };
    });
  } finally {
    await pool.close();
  }
}

export interface ExtraChanges {
  readonly drops: readonly Step[];
  readonly creates: readonly Step[];
}

/** What makes the extras of one database those of the other, which is described. Pure. */
export function compareExtras(
  before: readonly Extra[],
  after: readonly Extra[],
  wanted: Description,
): ExtraChanges {
  const stays = ({ kind, name }: Extra) =>
    PROPERTIES[kind]?.some(each => wanted.has(`${each} ${name.replace(/ \d+$/, '')}`)) ?? true;
  const key = ({ kind, name }: Extra) => `${kind} ${name}`;
  const old = new Map(before.map(each => [key(each), each]));
  const now = new Map(after.map(each => [key(each), each]));
  const gone = before.filter(each => !now.has(key(each)));
  const made = after.filter(each => old.get(key(each))?.definition !== each.definition);
  const replaced = made.flatMap(each => (REPLACED.includes(each.kind) ? (old.get(key(each)) ?? []) : []));
  return {
    drops: [...gone, ...replaced].filter(stays).map(({ drop }) => step(drop)),
    creates: made.map(({ create }) => step(create)),
  };
}
