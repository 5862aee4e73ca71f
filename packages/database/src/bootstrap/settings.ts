import { ConfigError, readString, suggest } from '@peakstone/kernel/config';
import { rolesWhere, STRANGER_ROLES } from '@peakstone/kernel/inventory';
import type { Env } from '@peakstone/kernel/service';
import { planRoles, type RoleSettings, type SupabaseMode } from './model.ts';

/** Roles whose sessions requests run in. */
const SERVING = rolesWhere(({ serves }) => serves);
/** A plan in the log holds what the request sent, as constants; the text of a slow statement holds none of it. */
const NO_PLANS = { 'auto_explain.log_min_duration': '-1', log_min_duration_statement: '5s' };
/** Roles in whose sessions people's own SQL runs. */
const HANDWRITTEN = rolesWhere(({ runsHandwritten }) => runsHandwritten);
/**
 * A statement that fails is logged whole, and what is written by hand may hold a password: `alter role … password`. The error is
 * logged without it, and without what it was a part of; whoever sent it is told all.
 */
const NO_FAILED_STATEMENTS = { log_min_error_statement: 'panic', log_error_verbosity: 'terse' };
/** The bootstrap's to set: the search path is the database's, the others would make the role another. */
const RESERVED = ['search_path', 'role', 'session_authorization'];
/** Whose settings are ours to give. */
const ROLES = planRoles('full').map(({ name }) => name);

/** `off`, `roles` (the default; `true` means it too) or `full`. @throws {ConfigError} */
export function readSupabaseMode(env: Env): SupabaseMode {
  const text = readString(env, 'DATABASE_SUPABASE', { default: 'roles' }).toLowerCase();
  if (text === 'off' || text === 'roles' || text === 'full') return text;
  if (['true', 'on', 'yes', '1'].includes(text)) return 'roles';
  if (['false', 'no', '0'].includes(text)) return 'off';
  throw new ConfigError('DATABASE_SUPABASE', 'off, roles or full', { got: text });
}

/**
 * Settings of the stack's roles. `DATABASE_STATEMENT_TIMEOUT` bounds a statement of a visitor or user (default 8s; 0 for
 * none), `DATABASE_TEMP_FILE_LIMIT` the temporary files of a session that serves requests (default 1GB; -1 for none);
 * such a session's slow statements are logged without their plans, failed ones of people's own SQL without their text; and
 * `DATABASE_ROLE_SETTINGS` holds others: `app_user.work_mem=16MB; read_only.statement_timeout=1min`. Pure.
 * @throws {ConfigError}
 */
export function readRoleSettings(env: Env): RoleSettings {
  const settings: Record<string, Record<string, string>> = {};
  const set = (role: string, name: string, value: string) => {
    settings[role] = { ...settings[role], [name]: value };
  };
  const timeout = readShape(
    env,
    'DATABASE_STATEMENT_TIMEOUT',
    '8s',
    /^\d+ ?(us|ms|s|min|h|d)?$/,
    'such as 8s',
  );
  const files = readShape(
    env,
    'DATABASE_TEMP_FILE_LIMIT',
    '1GB',
    /^(-1|\d+ ?(B|kB|MB|GB|TB)?)$/,
    'such as 1GB',
  );
  if (Number.parseInt(timeout, 10) !== 0)
    for (const role of STRANGER_ROLES) set(role, 'statement_timeout', timeout);
  for (const role of SERVING) {
    if (files !== '-1') set(role, 'temp_file_limit', files);
    for (const [name, value] of Object.entries(NO_PLANS)) set(role, name, value);
  }
  for (const role of HANDWRITTEN)
    for (const [name, value] of Object.entries(NO_FAILED_STATEMENTS)) set(role, name, value);
  for (const entry of readString(env, 'DATABASE_ROLE_SETTINGS', { default: '' }).split(';')) {
    if (entry.trim() === '') continue;
    const match = /^\s*([a-z_][a-z0-9_$]*)\.([a-z_][a-z0-9_.]*)\s*=\s*(.*?)\s*$/s.exec(entry);
    const [, role = '', name = '', value = ''] = match ?? [];
    if (match === null || RESERVED.includes(name)) {
      throw new ConfigError(
        'DATABASE_ROLE_SETTINGS',
        `role.setting=value, separated by semicolons, where setting is none of ${RESERVED.join(', ')}`,
        { got: entry.trim() },
      );
    }
    if (!ROLES.includes(role)) {
      const near = suggest(role, ROLES);
      throw new ConfigError('DATABASE_ROLE_SETTINGS', `of the stack's roles (${ROLES.join(', ')})`, {
        got: role,
        ...(near !== undefined && { hint: `Did you mean ${near}?` }),
      });
    }
    set(role, name, value);
  }
  return settings;
}

function readShape(env: Env, name: string, fallback: string, shape: RegExp, expected: string): string {
  const text = readString(env, name, { default: fallback });
  if (shape.test(text)) return text;
  throw new ConfigError(name, `a value as PostgreSQL takes it, ${expected}`, { got: text });
}
