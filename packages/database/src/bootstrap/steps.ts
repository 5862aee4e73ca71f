import { HASURA_SCHEMA, type StackExtension } from '@peakstone/kernel/inventory';
import { quoteIdentifier as id } from '@peakstone/kernel/pg';
import { auditStatements } from './audit.ts';
import { authStatements } from './auth.ts';
import { cronSteps } from './cron.ts';
import { extensionSteps } from './extensions.ts';
import { planMemberships, planRoles, type RoleSettings, type Step, type SupabaseMode } from './model.ts';
import { ownershipStatements } from './ownership.ts';
import {
  bypassStatement,
  detourStatement,
  membershipStatement,
  replicationStatement,
  roleStatement,
  settingsStatement,
} from './roles.ts';
import {
  databaseStatements,
  defaultPrivileges,
  existingPrivileges,
  ownSchemaStatements,
  schemaStatements,
} from './schemas.ts';
import { storageSteps } from './storage.ts';
import { supabaseSteps } from './supabase.ts';
import { watchStatements } from './watch.ts';

export interface StepOptions {
  readonly database: string;
  readonly schemas: readonly string[];
  readonly supabase: SupabaseMode;
  readonly roleSettings: RoleSettings;
  /** Extensions to make, of those that the server has. */
  readonly extensions: readonly StackExtension[];
  /** Schemas whose existing tables get the grants. */
  readonly grantExisting: readonly string[];
  /** Only a superuser makes event triggers and roles that pass row security. */
  readonly isSuperuser: boolean;
}

/** Settings that only a superuser may give. */
const SUPERUSER_SETTINGS: readonly string[] = [
  'temp_file_limit',
  'log_min_duration_statement',
  'auto_explain.log_min_duration',
  'log_min_error_statement',
  'log_error_verbosity',
];

/** The whole bootstrap, in order. Pure; passwords are not among it. */
export function planSteps(options: StepOptions): readonly Step[] {
  const { database, schemas, supabase, isSuperuser } = options;
  const roles = planRoles(supabase);
  const has = (extension: string): boolean => options.extensions.some(({ name }) => name === extension);
  return [
    {
      name: 'schema peakstone',
      statements: [...ownSchemaStatements('peakstone', 'set aside'), ...STATE_STATEMENTS],
    },
    ...roles.flatMap(role => [
      { name: `role ${role.name}`, statements: [roleStatement(role, isSuperuser)] },
      ...(role.bypassRls
        ? [{ name: `${role.name} passing row security`, statements: [bypassStatement(role)] }]
        : []),
      // Of a server that is not ours, files are not ours to copy.
      ...(role.replication && isSuperuser
        ? [{ name: `${role.name} replicating`, statements: [replicationStatement(role)] }]
        : []),
    ]),
    ...roles.map(({ name }) => ({
      name: `settings of ${name}`,
      statements: [settingsStatement(name, settingsOf(name, options), isSuperuser ? SUPERUSER_SETTINGS : [])],
    })),
    // Without superuser, giving a schema to a role needs membership in it; making the role gave the right to that.
    ...(isSuperuser
      ? []
      : [
          {
            name: 'membership in db_migrator',
            statements: ['grant "db_migrator" to current_user with inherit true, set true'],
          },
        ]),
    ...planMemberships(supabase).map(membership => ({
      name: `${membership.member} as member of ${membership.role}`,
      statements: [membershipStatement(membership)],
    })),
    ...(isSuperuser
      ? [{ name: 'no way from our roles to the server', statements: [detourStatement(roles)] }]
      : []),
    { name: `privileges on database ${database}`, statements: databaseStatements(database) },
    ...schemas.map(schema => ({ name: `schema ${schema}`, statements: schemaStatements(schema) })),
    ...schemas.map(schema => ({
      name: `default privileges in ${schema}`,
      statements: defaultPrivileges(schema),
    })),
    ...options.grantExisting.map(schema => ({
      name: `privileges on what ${schema} holds`,
      statements: existingPrivileges(schema),
    })),
    {
      name: `schema ${HASURA_SCHEMA} for Hasura's metadata`,
      statements: [
        // Made for it, so that it needs no right to make schemas.
        `create schema if not exists ${id(HASURA_SCHEMA)}`,
        ...(isSuperuser
          ? [`alter schema ${id(HASURA_SCHEMA)} owner to "hasura"`]
          : [`grant all on schema ${id(HASURA_SCHEMA)} to "hasura"`]),
      ],
    },
    { name: 'schema auth', statements: authStatements() },
    // Its API serves the roles of Supabase's clients.
    ...(supabase === 'off' ? [] : storageSteps()),
    ...(supabase === 'full' ? supabaseSteps(schemas, isSuperuser) : []),
    ...extensionSteps(options.extensions, { database, schemas, roles: roles.map(({ name }) => name) }),
    ...(isSuperuser
      ? [
          ...(has('pg_cron') ? [] : cronSteps()),
          ...(has('pgaudit') ? [] : [{ name: "pgaudit's lines of DDL", statements: auditStatements() }]),
          { name: 'schema reload on DDL', statements: watchStatements() },
          {
            name: "ownership of the superuser's tables",
            statements: ownershipStatements(schemas),
          },
        ]
      : []),
  ];
}

function settingsOf(role: string, { roleSettings, isSuperuser }: StepOptions): Record<string, string> {
  const entries = Object.entries(roleSettings[role] ?? {});
  return Object.fromEntries(entries.filter(([name]) => isSuperuser || !SUPERUSER_SETTINGS.includes(name)));
}

/** What the last bootstrap did, so that the next sees what has changed since. */
const STATE_STATEMENTS = [
  'revoke all on schema peakstone from public',
  `create table if not exists peakstone.bootstrap (
    single boolean primary key default true check (single), plan text not null, parts jsonb not null,
    schemas text[] not null, applied_at timestamptz not null default now())`,
  'revoke all on peakstone.bootstrap from public',
];
