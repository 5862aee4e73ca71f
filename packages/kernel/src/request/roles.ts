/** Settings that an administrator gave to roles (`ALTER ROLE … SET`), which a change of role alone does not apply. */
import { type Pool, TRUST_CATALOG_ONLY } from '../pg/index.ts';

export type IsolationLevel = 'read committed' | 'repeatable read' | 'serializable';

export interface RoleConfig {
  /** By role, then by lower-case name. */
  readonly settings: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** `default_transaction_isolation` of each role that has one. */
  readonly isolationLevels: ReadonlyMap<string, IsolationLevel>;
}

export const noRoleConfig: RoleConfig = { settings: new Map(), isolationLevels: new Map() };

/** Settings of every role this one may become, as far as it may set them itself. */
const roleSettingsSql = `
select r.rolname, lower(s.name), s.value
from pg_catalog.pg_auth_members m
join pg_catalog.pg_roles r on r.oid = m.roleid
cross join lateral (
  select substr(setting, 1, strpos(setting, '=') - 1) as name, substr(setting, strpos(setting, '=') + 1) as value
  from unnest(r.rolconfig) as setting
) s
join pg_catalog.pg_settings p on lower(p.name) = lower(s.name)
where m.member = (select oid from pg_catalog.pg_roles where rolname = current_user)
  and (p.context = 'user' or has_parameter_privilege(current_user, p.name, 'set'))`;

const isolationSetting = 'default_transaction_isolation';

/** Reads those of every role that the login role may become. @throws {PgError} @throws {ConnectionError} when the database is out of reach. */
export async function readRoleConfig(pool: Pool): Promise<RoleConfig> {
  const [, result] = await pool.exchange({
    begin: 'begin read only',
    statements: [TRUST_CATALOG_ONLY, { text: roleSettingsSql, values: [], prepare: false }],
  });
  const settings = new Map<string, Map<string, string>>();
  const isolationLevels = new Map<string, IsolationLevel>();
  for (const row of result!.rows) {
    const [role, name, value] = row.map(cell => cell?.toString('utf8') ?? null);
    if (name === isolationSetting) {
      isolationLevels.set(role!, isolationLevel(value!));
      continue;
    }
    const ofRole = settings.get(role!) ?? new Map<string, string>();
    settings.set(role!, ofRole.set(name!, value!));
  }
  return { settings, isolationLevels };
}

function isolationLevel(text: string): IsolationLevel {
  const level = text.toLowerCase();
  return level === 'serializable' || level === 'repeatable read' ? level : 'read committed';
}
