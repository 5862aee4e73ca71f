/**
 * What a part of a database needs of the one that it is restored into, as a statement before all others: what is missing, or in
 * the way, is said at once and all of it, and nothing is half done.
 */

import { quoteLiteral as literal } from '@peakstone/kernel/pg';
import { PART_MARK } from '@peakstone/kernel/script';
import { type Catalog, CLASS, isNoMember, text } from './catalog.ts';
import type { Needs } from './depend.ts';
import type { DumpObject, TableRows } from './object.ts';
import type { DumpOptions } from './options.ts';

export interface Part {
  readonly options: Pick<DumpOptions, 'content' | 'owners' | 'privileges' | 'clean'>;
  readonly objects: readonly DumpObject[];
  /** What they stand on and is not among them, by class and number in the catalog. */
  readonly outside: ReadonlySet<string>;
  readonly needs: Needs;
  readonly tables: readonly TableRows[];
  /** Tables that refer to one another, whose rows no order brings in. */
  readonly circle: readonly string[];
}

/** The statement, or null where nothing is needed. */
export async function readPartCheck(catalog: Catalog, part: Part): Promise<string | null> {
  const isData = part.options.content === 'data';
  const needed = isData ? await readColumnsNeeded(catalog) : await readObjectsNeeded(catalog, part.outside);
  const owners = isData || part.options.owners === false ? [] : ownersOf(part.objects);
  const roles = isData ? [] : await readRolesNeeded(catalog, part);
  const made = isData || part.options.clean ? [] : await readMade(catalog, part.objects);
  if ([needed, owners, roles, made, part.circle].every(list => list.length === 0)) return null;
  return renderCheck({ needed: [...needed, ...roles], owners, made, circle: part.circle });
}

/** An address that the server finds an object by. */
type Address = readonly [what: string, type: string, names: string, args: string];

const ADDRESS = `a.type, a.object_names::text as names, a.object_args::text as args`;

/** Of what belongs to a table that is needed as well, the table says enough. */
async function readObjectsNeeded(catalog: Catalog, outside: ReadonlySet<string>): Promise<Address[]> {
  const kinds = [
    ...[CLASS.relation, CLASS.type, CLASS.routine, CLASS.schema, CLASS.extension, CLASS.operator],
    ...[CLASS.collation, CLASS.dictionary, CLASS.configuration, CLASS.language, CLASS.server, OPCLASS],
  ];
  const keys = [...outside].filter(key => kinds.includes(Number(key.split(':')[0])));
  if (keys.length === 0) return [];
  const rows = await catalog.rows(`
    select i.type || ' ' || i.identity as what, ${ADDRESS}
    from (values ${keys.map(key => `(${key.replace(':', ', ')})`).join(', ')}) k (class, oid),
      pg_identify_object(k.class, k.oid, 0) i, pg_identify_object_as_address(k.class, k.oid, 0) a
    where not exists (select from pg_class r where k.class = ${CLASS.relation} and r.oid = k.oid and r.relkind in ('i', 'I', 't', 'c'))
    order by 1`);
  return rows.map(row => [text(row, 'what'), text(row, 'type'), text(row, 'names'), text(row, 'args')]);
}

const OPCLASS = 2616;

/** Tables and columns that rows go into. */
async function readColumnsNeeded(catalog: Catalog): Promise<Address[]> {
  const rows = await catalog.rows(`
    select a.type || ' ' || i.identity as what, ${ADDRESS}
    from pg_class c join pg_attribute t on t.attrelid = c.oid and t.attnum > 0 and not t.attisdropped and t.attgenerated = ''
    cross join pg_identify_object(${CLASS.relation}, c.oid, t.attnum) i
    cross join pg_identify_object_as_address(${CLASS.relation}, c.oid, t.attnum) a
    where ${catalog.relations} and c.relkind = 'r' and ${isNoMember(CLASS.relation, 'c.oid')}
    union all
    select a.type || ' ' || i.identity, ${ADDRESS}
    from pg_class c cross join pg_identify_object(${CLASS.relation}, c.oid, 0) i
    cross join pg_identify_object_as_address(${CLASS.relation}, c.oid, 0) a
    where ${catalog.relations} and c.relkind in ('r', 'S') and ${isNoMember(CLASS.relation, 'c.oid')}
    order by 1`);
  return rows.map(row => [text(row, 'what'), text(row, 'type'), text(row, 'names'), text(row, 'args')]);
}

/** Whoever is named by privileges and policies. */
async function readRolesNeeded(
  catalog: Catalog,
  { objects, needs, options }: Part,
): Promise<readonly Address[]> {
  const kinds = options.privileges === false ? `'r'` : `'r', 'a'`;
  const keys = new Set([...objects.map(({ key }) => key), ...needs.keys()]);
  const rows = await catalog.rows(`
    select distinct d.classid || ':' || d.objid as key, r.rolname as name, array[r.rolname]::text as names
    from pg_shdepend d join pg_roles r on r.oid = d.refobjid and d.refclassid = 'pg_authid'::regclass
    where d.dbid = (select oid from pg_database where datname = current_database()) and d.deptype in (${kinds}) order by 2`);
  const found = rows.filter(row => keys.has(text(row, 'key')));
  return [...new Map(found.map(row => [text(row, 'name'), row])).values()].map(row => [
    `role ${text(row, 'name')}`,
    'role',
    text(row, 'names'),
    '{}',
  ]);
}

function ownersOf(objects: readonly DumpObject[]): readonly string[] {
  const owners = objects.flatMap(({ owner, named }) => (owner !== null && named !== null ? [owner] : []));
  return [...new Set(owners)].sort();
}

/** What must not be there yet. */
async function readMade(catalog: Catalog, objects: readonly DumpObject[]): Promise<readonly Address[]> {
  const keys = objects.flatMap(({ key, definition, kind }) =>
    definition !== '' && /^(?:1259|1247|2615):\d+$/.test(key) && kind !== 'TYPE' ? [key] : [],
  );
  return keys.length === 0 ? [] : await readObjectsNeeded(catalog, new Set(keys));
}

interface Check {
  readonly needed: readonly Address[];
  readonly owners: readonly string[];
  readonly made: readonly Address[];
  readonly circle: readonly string[];
}

function renderCheck({ needed, owners, made, circle }: Check): string {
  const addresses = [
    ...needed.map(address => ['needed', ...address]),
    ...made.map(address => ['made', ...address]),
  ];
  const rows = addresses.map(row => `(${row.map(literal).join(', ')})`);
  const said = (list: string, message: string, hint: string): string => `
  IF ${list} <> '' THEN
    RAISE EXCEPTION USING MESSAGE = ${literal(message)} || ${list} || '.', HINT = ${literal(hint)};
  END IF;`;
  const body = `
${PART_MARK}
DECLARE
  each record;
  is_there boolean;
  missing text := '';
  present text := '';
  others text;
BEGIN
  FOR each IN SELECT * FROM (VALUES
    ${[...rows, `('', '', '', '{}', '{}')`].join(',\n    ')}
  ) v (why, what, type, names, args) WHERE v.why OPERATOR(pg_catalog.<>) ''
  LOOP
    BEGIN
      PERFORM pg_catalog.pg_get_object_address(each.type, each.names::text[], each.args::text[]);
      is_there := true;
    EXCEPTION WHEN others THEN
      is_there := false;
    END;
    IF each.why = 'needed' AND NOT is_there THEN
      missing := missing || CASE missing WHEN '' THEN '' ELSE ', ' END || each.what;
    ELSIF each.why = 'made' AND is_there THEN
      present := present || CASE present WHEN '' THEN '' ELSE ', ' END || each.what;
    END IF;
  END LOOP;
  SELECT pg_catalog.string_agg(o.name, ', ') INTO others FROM (VALUES (''::text)${owners
    .map(owner => `, (${literal(owner)})`)
    .join('')}) o (name)
    WHERE o.name <> '' AND o.name <> current_user
      AND NOT COALESCE((SELECT pg_catalog.pg_has_role(r.oid, 'SET') FROM pg_catalog.pg_roles r WHERE r.rolname = o.name), false);${said(
        'missing',
        'This is a part of a database, and what it needs is not here: ',
        'Nothing was made. Make that first, or bring more of the database along: peakstone import takes a dump of all of it.',
      )}${said(
        'present',
        'What this dump makes is here already: ',
        'Nothing was made. Drop it first, restore into another database, or dump with --clean.',
      )}${said(
        `COALESCE(others, '')`,
        'What this dump makes belongs to whom you may not give it: ',
        'Nothing was made. Restore as the administrator (peakstone sql --superuser), or dump with --no-owner.',
      )}${
        circle.length === 0
          ? ''
          : `
  IF pg_catalog.current_setting('session_replication_role') <> 'replica' THEN
    RAISE EXCEPTION USING MESSAGE = ${literal(`Rows of these tables refer to one another, and no order brings them in: ${circle.join(', ')}.`)},
      HINT = 'Nothing was loaded. As the administrator, before it: set session_replication_role = replica';
  END IF;`
      }
END
`;
  return `DO ${literal(body)};`;
}
