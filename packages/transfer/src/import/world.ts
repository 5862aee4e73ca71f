import { isNotPostgres } from '@peakstone/kernel/inventory';
import type { Pool } from '@peakstone/kernel/pg';

/** What is in the database before an import, as far as the import's decisions rest on it. Kept, so that a second run decides alike. */
export interface World {
  readonly database: string;
  /** The login that will own everything. */
  readonly owner: string;
  readonly isSuperuser: boolean;
  readonly roles: readonly string[];
  readonly schemas: readonly string[];
  /** Schemas whose owner is not `owner`, nor a role that it is a member of. */
  readonly foreignSchemas: readonly string[];
  readonly publications: readonly string[];
  /** Installed, with their schema. */
  readonly extensions: Readonly<Record<string, string>>;
  readonly available: readonly string[];
  /** Tables, views and sequences outside of PostgreSQL's own schemas, with their columns. */
  readonly relations: Readonly<Record<string, readonly string[]>>;
  /** Default privileges of the owner, as statements that take them away and give them again. */
  readonly defaults: { readonly revoke: readonly string[]; readonly grant: readonly string[] };
  readonly mayLoadWithoutTriggers: boolean;
  /** Names of settings that whoever logs in may set. */
  readonly settings: readonly string[];
}

/** @param admin A privileged session. */
export async function lookAtWorld(admin: Pool, owner: string): Promise<World> {
  const rows = async (text: string, values: readonly string[] = []): Promise<string[][]> =>
    (await admin.query(text, values)).rows.map(row => row.map(cell => cell?.toString() ?? ''));
  const names = async (text: string, values: readonly string[] = []): Promise<string[]> =>
    (await rows(text, values)).map(([name]) => name!);
  const [self] = await rows('select current_database(), rolsuper from pg_roles where rolname = session_user');
  const foreign = await names(
    `select nspname from pg_namespace where nspname !~ '^pg_' and not pg_has_role($1, nspowner, 'usage')`,
    [owner],
  );
  const relations: Record<string, string[]> = {};
  for (const [relation, columns] of await rows(`
    select n.nspname || '.' || c.relname, coalesce(string_agg(a.attname, e'\\x01' order by a.attnum), '')
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and ${isNotPostgres('n.nspname')}
    group by 1`))
    relations[relation!] = columns === '' ? [] : columns!.split('\x01');
  return {
    database: self![0]!,
    owner,
    isSuperuser: self![1] === 't',
    roles: await names('select rolname from pg_roles'),
    schemas: await names('select nspname from pg_namespace'),
    foreignSchemas: foreign,
    publications: await names('select pubname from pg_publication'),
    extensions: Object.fromEntries(
      await rows('select extname, nspname from pg_extension e join pg_namespace n on n.oid = e.extnamespace'),
    ),
    available: await names('select name from pg_available_extensions'),
    relations,
    defaults: {
      revoke: await names(defaultsQuery('revoke', 'from'), [owner]),
      grant: await names(defaultsQuery('grant', 'to'), [owner]),
    },
    mayLoadWithoutTriggers:
      (await names(`select has_parameter_privilege($1, 'session_replication_role', 'set')`, [owner]))[0] ===
      't',
    settings: await names(`select name from pg_settings where context = 'user'`),
  };
}

/** One statement a schema, kind and grantee; what is given to everybody or by nature is left as it is. */
function defaultsQuery(verb: 'grant' | 'revoke', preposition: 'to' | 'from'): string {
  return `
    select format('alter default privileges for role %I in schema %I ${verb} %s on %s ${preposition} %I', $1::text, n.nspname,
      string_agg(a.privilege_type, ', '),
      case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'functions' when 'T' then 'types' end,
      g.rolname)
    from pg_default_acl d join pg_namespace n on n.oid = d.defaclnamespace, aclexplode(d.defaclacl) a, pg_roles g
    where g.oid = a.grantee and d.defaclrole = (select oid from pg_roles where rolname = $1::text) and a.grantee not in (0, d.defaclrole)
      and d.defaclobjtype in ('r', 'S', 'f', 'T')
    group by n.nspname, d.defaclobjtype, g.rolname
    order by 1`;
}
