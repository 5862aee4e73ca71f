import { readRoleSettings } from '@peakstone/database/role-settings';
import { readSchemas } from '@peakstone/database/schemas';
import { matches, type ValueCheck } from '../../checks/check.ts';
import { haveUnits, isReadBy } from '../../checks/settings.ts';
import { passwordVariable, type Variable } from '../../variable.ts';

// What the bootstrap refuses would leave the APIs without it.
const isMode = matches(/^(?:off|roles|full)$/, 'it is none of off, roles and full', 'leave it out for roles');
const areSchemas = isReadBy(readSchemas, 'separate names by commas, such as public,shop');
const isTime = matches(/^\d+ ?(?:us|ms|s|min|h|d)?$/, 'it is no time', 'use PostgreSQL’s units, such as 8s');
const isSize = matches(
  /^(?:-1|\d+ ?(?:B|kB|MB|GB|TB)?)$/,
  'it is no size',
  'use PostgreSQL’s units, such as 1GB',
);

/** Settings of the database's roles. Their defaults are the bootstrap's own: `readRoleSettings`. */
export const roleVariables: readonly Variable[] = [
  setting('DATABASE_STATEMENT_TIMEOUT', 'Longest statement of a visitor or user; 0 for none.', '8s', isTime),
  setting(
    'DATABASE_TEMP_FILE_LIMIT',
    'Temporary files of a session that serves requests; -1 for none.',
    '1GB',
    isSize,
  ),
  setting(
    'DATABASE_ROLE_SETTINGS',
    'Other settings of roles.',
    'app_user.work_mem=16MB; read_only.statement_timeout=1min',
    isReadBy(readRoleSettings),
    haveUnits(readRoleSettings),
  ),
];

export const bootstrapVariables: readonly Variable[] = [
  passwordVariable('DB_AUTHENTICATOR_PASSWORD', 'Database roles of the services'),
  passwordVariable('HASURA_DB_PASSWORD', 'Database roles of the services'),
  passwordVariable('DB_MIGRATOR_PASSWORD', 'Database roles of the services'),
  passwordVariable('DB_BACKUP_PASSWORD', 'Database roles of the services'),
  setting(
    'DATABASE_SCHEMAS',
    'Schemas that the APIs serve; without, those that the database has had, or public.',
    'public,shop',
    areSchemas,
  ),
  setting(
    'DATABASE_SUPABASE',
    'How far the database looks like Supabase’s: off, roles or full.',
    'roles',
    isMode,
  ),
  ...roleVariables,
];

/** `value` is the default, or an example of what it may be. */
function setting(name: string, comment: string, value: string, ...checks: readonly ValueCheck[]): Variable {
  return { name, group: 'Database roles of the services', comment, value, optional: true, checks };
}
