import { type Catalog, CLASS, text } from '../catalog.ts';
import type { DumpObject } from '../object.ts';

/** Of each kind of object, all that can be given: then it is ALL. */
const ALL: Readonly<Record<string, number>> = { r: 8, s: 3, n: 2, f: 1, T: 1, F: 1, S: 1, l: 1, L: 2, c: 4 };

/** The grantor is null where that is the owner. */
type Entry = readonly [grantee: string, privilege: string, isGrantable: boolean, grantor: string | null];

/** The entries of a list of privileges in SQL, as JSON; who gave them counts where an owner is named. */
function explode(acl: string, owner?: string): string {
  const grantor =
    owner === undefined
      ? 'null'
      : `case when x.grantor <> ${owner} then quote_ident(pg_get_userbyid(x.grantor)) end`;
  return `(select coalesce(json_agg(json_build_array(case when x.grantee = 0 then 'PUBLIC' else quote_ident(pg_get_userbyid(x.grantee)) end, x.privilege_type, x.is_grantable, ${grantor})
      order by x.place), '[]') from aclexplode(${acl}) with ordinality x (grantor, grantee, privilege_type, is_grantable, place))`;
}

/**
 * Who may do what, where that is not as it is for every new object: what is taken from that, and what is given on top.
 * What an extension's script gave comes with the extension.
 */
export async function readPrivileges(catalog: Catalog, isWhole: boolean): Promise<DumpObject[]> {
  const initial = (classId: number, oid: string, usual: string) =>
    `coalesce((select i.initprivs from pg_init_privs i where i.classoid = ${classId} and i.objoid = ${oid} and i.objsubid = 0), ${usual})`;
  const select = (
    classId: number,
    kind: string,
    type: string,
    fields: string,
    acl: string,
    owner: string,
    from: string,
    base?: string,
  ) =>
    `select ${classId} as class, ${fields}, '${kind}' as kind, '${type}' as type, pg_get_userbyid(${owner}) as owner,
      ${explode(acl, owner)} as given, ${explode(base ?? initial(classId, 'o.oid', `acldefault('${type}', ${owner})`))} as usual from ${from} and ${acl} is not null`;
  const named = (name: string) =>
    `o.oid, n.nspname as schema, ${name} as name, format('%I.%I', n.nspname, ${name}) as quoted, null as column_name`;
  const global = (name: string) =>
    `o.oid, '' as schema, ${name} as name, quote_ident(${name}) as quoted, null as column_name`;
  const inSchema = (namespace: string) =>
    `join pg_namespace n on n.oid = ${namespace} where n.oid = any (${catalog.schemas})`;
  const relations = catalog.relations.replaceAll(/\bc\./g, 'o.');
  const queries = [
    select(
      CLASS.relation,
      'TABLE',
      'r',
      named('o.relname'),
      'o.relacl',
      'o.relowner',
      `pg_class o join pg_namespace n on n.oid = o.relnamespace where ${relations} and o.relkind in ('r', 'p', 'v', 'm', 'f')`,
    ),
    select(
      CLASS.relation,
      'SEQUENCE',
      's',
      named('o.relname'),
      'o.relacl',
      'o.relowner',
      `pg_class o join pg_namespace n on n.oid = o.relnamespace where ${relations} and o.relkind = 'S'`,
    ),
    select(
      CLASS.relation,
      'TABLE',
      'c',
      `o.oid, n.nspname as schema, o.relname || '.' || a.attname as name, format('%I.%I', n.nspname, o.relname) as quoted, quote_ident(a.attname) as column_name`,
      'a.attacl',
      'o.relowner',
      `pg_class o join pg_namespace n on n.oid = o.relnamespace join pg_attribute a on a.attrelid = o.oid where ${relations} and a.attnum > 0 and not a.attisdropped`,
      `(select i.initprivs from pg_init_privs i where i.classoid = ${CLASS.relation} and i.objoid = o.oid and i.objsubid = a.attnum)`,
    ),
    ...(isWhole
      ? [
          select(
            CLASS.schema,
            'SCHEMA',
            'n',
            global('o.nspname'),
            'o.nspacl',
            'o.nspowner',
            `pg_namespace o where o.oid = any (${catalog.schemas})`,
            `case when o.nspname = 'public' then array[makeaclitem(o.nspowner, o.nspowner, 'USAGE, CREATE', false), makeaclitem(0, o.nspowner, 'USAGE', false)] else ${initial(CLASS.schema, 'o.oid', `acldefault('n', o.nspowner)`)} end`,
          ),
          select(
            CLASS.routine,
            'routine',
            'f',
            `o.oid, n.nspname as schema, o.proname || '(' || pg_get_function_identity_arguments(o.oid) || ')' as name,
            case o.prokind when 'p' then 'PROCEDURE ' else 'FUNCTION ' end || format('%I.%I(%s)', n.nspname, o.proname, pg_get_function_identity_arguments(o.oid)) as quoted, null as column_name`,
            'o.proacl',
            'o.proowner',
            `pg_proc o join pg_namespace n on n.oid = o.pronamespace where (n.oid = any (${catalog.schemas}) or n.nspname = 'pg_catalog')`,
          ),
          select(
            CLASS.type,
            'TYPE',
            'T',
            named('o.typname'),
            'o.typacl',
            'o.typowner',
            `pg_type o ${inSchema('o.typnamespace')}`,
          ),
          select(
            CLASS.language,
            'LANGUAGE',
            'l',
            global('o.lanname'),
            'o.lanacl',
            'o.lanowner',
            'pg_language o where true',
          ),
          select(
            CLASS.wrapper,
            'FOREIGN DATA WRAPPER',
            'F',
            global('o.fdwname'),
            'o.fdwacl',
            'o.fdwowner',
            'pg_foreign_data_wrapper o where true',
          ),
          select(
            CLASS.server,
            'FOREIGN SERVER',
            'S',
            global('o.srvname'),
            'o.srvacl',
            'o.srvowner',
            'pg_foreign_server o where true',
          ),
          select(
            CLASS.largeObject,
            'LARGE OBJECT',
            'L',
            `o.oid, '' as schema, o.oid::text as name, o.oid::text as quoted, null as column_name`,
            'o.lomacl',
            'o.lomowner',
            'pg_largeobject_metadata o where true',
          ),
        ]
      : []),
  ];
  const rows = await catalog.rows(`${queries.join('\nunion all\n')} order by schema, kind, name`);
  return rows.flatMap((row): DumpObject[] => {
    const given = JSON.parse(text(row, 'given')) as Entry[];
    const usual = JSON.parse(text(row, 'usual')) as Entry[];
    const quoted = text(row, 'quoted');
    const target = row.kind === 'routine' ? quoted : `${row.kind} ${quoted}`;
    const statements = renderPrivileges(target, text(row, 'type'), row.column_name ?? null, given, usual);
    if (statements.length === 0) return [];
    return [
      {
        key: `privileges:${row.class}:${row.oid}:${row.column_name ?? ''}`,
        kind: 'ACL',
        schema: text(row, 'schema'),
        name: `${row.kind === 'routine' ? quoted.split(' ')[0] : row.kind} ${text(row, 'name')}`,
        owner: text(row, 'owner'),
        section: 'last',
        definition: statements.join('\n'),
        dropped: null,
        named: null,
        dependsOn: new Set(),
      },
    ];
  });
}

/** What leads from the usual privileges to those that are given, each by whoever gave it. Pure. */
export function renderPrivileges(
  target: string,
  type: string,
  column: string | null,
  given: readonly Entry[],
  usual: readonly Entry[],
): string[] {
  const has = (list: readonly Entry[], [grantee, privilege, , grantor]: Entry): Entry | undefined =>
    list.find(entry => entry[0] === grantee && entry[1] === privilege && entry[3] === grantor);
  const taken = usual.filter(entry => !has(given, entry));
  const added = given.filter(entry => {
    const before = has(usual, entry);
    return before === undefined || (entry[2] && !before[2]);
  });
  const byOwner = added.filter(([, , , grantor]) => grantor === null);
  const grant = ({ grantee, isGrantable, privileges }: Group): string =>
    `GRANT ${listPrivileges(privileges, type, column)} ON ${target} TO ${grantee}${isGrantable ? ' WITH GRANT OPTION' : ''};`;
  return [
    ...groups(taken).map(
      ({ grantee, privileges }) =>
        `REVOKE ${listPrivileges(privileges, type, column)} ON ${target} FROM ${grantee};`,
    ),
    ...groups(byOwner.filter(([, , isGrantable]) => !isGrantable)).map(grant),
    ...groups(byOwner.filter(([, , isGrantable]) => isGrantable)).map(grant),
    // As pg_dump: GRANTED BY may only name whoever says it.
    ...inRounds(given)
      .flatMap(groups)
      .map(
        group => `SET SESSION AUTHORIZATION ${group.grantor};\n${grant(group)}\nRESET SESSION AUTHORIZATION;`,
      ),
  ];
}

/** What others than the owner gave, so that each of them was given the right to by then. */
function inRounds(given: readonly Entry[]): readonly (readonly Entry[])[] {
  const may = new Set<string>();
  const take = ([grantee, privilege, isGrantable]: Entry): void => {
    if (isGrantable) may.add(`${privilege} ${grantee}`);
  };
  for (const entry of given) if (entry[3] === null) take(entry);
  const rounds: Entry[][] = [];
  let rest = given.filter(([, , , grantor]) => grantor !== null);
  while (rest.length > 0) {
    const ready = rest.filter(([, privilege, , grantor]) => may.has(`${privilege} ${grantor}`));
    // Of a column's, the right to give may be one on the whole table.
    const next = ready.length > 0 ? ready : rest;
    next.forEach(take);
    rounds.push(next);
    rest = rest.filter(entry => !next.includes(entry));
  }
  return rounds;
}

interface Group {
  readonly grantor: string | null;
  readonly grantee: string;
  readonly isGrantable: boolean;
  readonly privileges: string[];
}

/** By who gives what to whom. */
function groups(entries: readonly Entry[]): readonly Group[] {
  const found: Group[] = [];
  for (const [grantee, privilege, isGrantable, grantor] of entries) {
    const group = found.find(
      each => each.grantee === grantee && each.grantor === grantor && each.isGrantable === isGrantable,
    );
    if (group) group.privileges.push(privilege);
    else found.push({ grantor, grantee, isGrantable, privileges: [privilege] });
  }
  return found;
}

function listPrivileges(privileges: readonly string[], type: string, column: string | null): string {
  const suffix = column === null ? '' : `(${column})`;
  if (privileges.length === ALL[type]) return `ALL${suffix}`;
  return privileges.map(privilege => `${privilege}${suffix}`).join(',');
}

const KINDS: Readonly<Record<string, string>> = {
  r: 'TABLES',
  S: 'SEQUENCES',
  f: 'FUNCTIONS',
  T: 'TYPES',
  n: 'SCHEMAS',
};

/** What roles give on all that they will make. */
export async function readDefaultPrivileges(catalog: Catalog): Promise<DumpObject[]> {
  const rows = await catalog.rows(`
    select d.oid, coalesce(n.nspname, '') as schema, quote_ident(n.nspname) as schema_quoted, quote_ident(r.rolname) as role, d.defaclobjtype as type,
      ${explode('d.defaclacl')} as given,
      case when d.defaclnamespace = 0 then ${explode(`acldefault(case d.defaclobjtype when 'S' then 's'::"char" else d.defaclobjtype end, d.defaclrole)`)} else '[]' end as usual
    from pg_default_acl d join pg_roles r on r.oid = d.defaclrole left join pg_namespace n on n.oid = d.defaclnamespace
    where d.defaclnamespace = 0 or n.oid = any (${catalog.schemas}) order by 2, 4, 5`);
  return rows.map(row => {
    const type = text(row, 'type');
    const statements = renderPrivileges(
      KINDS[type]!,
      type === 'S' ? 's' : type,
      null,
      JSON.parse(text(row, 'given')) as Entry[],
      JSON.parse(text(row, 'usual')) as Entry[],
    );
    const alter = `ALTER DEFAULT PRIVILEGES FOR ROLE ${text(row, 'role')}${row.schema === '' ? '' : ` IN SCHEMA ${row.schema_quoted}`} `;
    return {
      key: `${CLASS.defaultPrivileges}:${text(row, 'oid')}`,
      kind: 'DEFAULT ACL',
      schema: text(row, 'schema'),
      name: `DEFAULT PRIVILEGES FOR ${KINDS[type]}`,
      owner: text(row, 'role'),
      section: 'last',
      definition: statements.map(statement => `${alter}${statement}`).join('\n'),
      dropped: null,
      named: null,
      dependsOn: new Set(),
    };
  });
}
