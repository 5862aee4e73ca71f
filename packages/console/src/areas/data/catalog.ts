/** What tables and views there are, for navigation, the palette and completion: one statement over pg_catalog. */
import type { Call } from '../../api/route.ts';

export interface CatalogColumn {
  readonly name: string;
  /** As PostgreSQL writes it, with its schema where that is not pg_catalog. */
  readonly type: string;
  readonly notNull: boolean;
  readonly hasDefault: boolean;
  /** The database alone gives its value. */
  readonly generated: boolean;
  /** pg_type.typcategory of it, or of what a domain is made of. */
  readonly category: string;
  /** The labels of an enumeration. */
  readonly labels?: readonly string[];
  readonly comment?: string;
}

export interface CatalogReference {
  readonly columns: readonly string[];
  readonly schema: string;
  readonly relation: string;
  readonly toColumns: readonly string[];
}

export interface CatalogRelation {
  readonly schema: string;
  readonly name: string;
  readonly kind: 'table' | 'partitioned' | 'view' | 'materialized' | 'foreign';
  /** Rows as the planner believes; null where it was never told. */
  readonly estimate: number | null;
  readonly rowSecurity: boolean;
  readonly comment?: string;
  readonly columns: readonly CatalogColumn[];
  readonly key: readonly string[];
  readonly references: readonly CatalogReference[];
}

const STATEMENT = `
with relation as (
  select c.oid, n.nspname as schema, c.relname as name, c.relrowsecurity, c.reltuples,
    case c.relkind when 'r' then 'table' when 'p' then 'partitioned' when 'v' then 'view' when 'm' then 'materialized' else 'foreign' end as kind
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    and pg_catalog.has_schema_privilege(n.oid, 'usage')
), base as (
  select t.oid, coalesce(nullif(t.typbasetype, 0), t.oid) as of, t.typtype from pg_type t
), columns as (
  select a.attrelid, json_agg(json_strip_nulls(json_build_object(
      'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'notNull', a.attnotnull,
      'hasDefault', a.atthasdef or a.attidentity <> '', 'generated', a.attgenerated <> '' or a.attidentity = 'a',
      'category', t.typcategory,
      'labels', (select json_agg(e.enumlabel order by e.enumsortorder) from pg_enum e where e.enumtypid = b.of),
      'comment', col_description(a.attrelid, a.attnum))) order by a.attnum) as list
  from pg_attribute a join relation r on r.oid = a.attrelid join base b on b.oid = a.atttypid join pg_type t on t.oid = b.of
  where a.attnum > 0 and not a.attisdropped group by a.attrelid
), keys as (
  select distinct on (i.indrelid) i.indrelid, (select json_agg(a.attname order by k.place)
      from unnest(i.indkey::int2[]) with ordinality k(attnum, place) join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
      where k.place <= i.indnkeyatts) as list
  from pg_index i join relation r on r.oid = i.indrelid
  where i.indisunique and i.indisvalid and i.indimmediate and i.indpred is null and i.indexprs is null
    and not exists (select from unnest(i.indkey::int2[]) with ordinality k(attnum, place) join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
      where k.place <= i.indnkeyatts and not a.attnotnull)
  order by i.indrelid, not i.indisprimary, i.indnkeyatts, i.indexrelid
), foreign_keys as (
  select f.conrelid, json_agg(json_build_object('schema', n.nspname, 'relation', c.relname,
      'columns', (select json_agg(a.attname order by k.place) from unnest(f.conkey) with ordinality k(attnum, place)
        join pg_attribute a on a.attrelid = f.conrelid and a.attnum = k.attnum),
      'toColumns', (select json_agg(a.attname order by k.place) from unnest(f.confkey) with ordinality k(attnum, place)
        join pg_attribute a on a.attrelid = f.confrelid and a.attnum = k.attnum)) order by f.conname) as list
  from pg_constraint f join relation r on r.oid = f.conrelid join pg_class c on c.oid = f.confrelid join pg_namespace n on n.oid = c.relnamespace
  where f.contype = 'f' group by f.conrelid
)
select coalesce(json_agg(json_strip_nulls(json_build_object(
    'schema', r.schema, 'name', r.name, 'kind', r.kind, 'rowSecurity', r.relrowsecurity,
    'estimate', case when r.reltuples >= 0 and r.kind <> 'view' then r.reltuples::bigint end, 'comment', obj_description(r.oid, 'pg_class'),
    'columns', coalesce(c.list, '[]'), 'key', coalesce(k.list, '[]'), 'references', coalesce(f.list, '[]')
  )) order by r.schema, r.name), '[]')::text
from relation r left join columns c on c.attrelid = r.oid left join keys k on k.indrelid = r.oid left join foreign_keys f on f.conrelid = r.oid`;

/** Of all that this operator's role may look into. */
export async function readCatalog({
  databases,
  operator,
  signal,
}: Call): Promise<readonly CatalogRelation[]> {
  return await askCatalog({ databases, operator, signal }, STATEMENT, []);
}

type Asker = Pick<Call, 'databases' | 'operator' | 'signal'>;

async function askCatalog(
  { databases, operator, signal }: Asker,
  text: string,
  values: readonly string[],
): Promise<CatalogRelation[]> {
  const [result] = await databases.read(operator, { statements: [{ text, values }], signal });
  const relations = JSON.parse(String(result!.rows[0]![0])) as CatalogRelation[];
  return relations.map(relation => ({ ...relation, estimate: relation.estimate ?? null }));
}

/** One of them as it is now; undefined where there is none. */
export async function readRelation(
  asker: Asker,
  schema: string,
  name: string,
): Promise<CatalogRelation | undefined> {
  const one = STATEMENT.replace(
    "<> 'information_schema'",
    "<> 'information_schema' and n.nspname = $1 and c.relname = $2",
  );
  const [relation] = await askCatalog(asker, one, [schema, name]);
  return relation;
}
