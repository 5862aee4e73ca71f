/**
 * What a Supabase project's SQL expects to find: tables to refer to and put triggers and policies on, and grants. The
 * skeletons hold what SQL reads and writes; the services that fill them there are not in it.
 * @see https://supabase.com/docs/guides/auth/managing-user-data
 */
import { SUPABASE_REQUEST_ROLES } from '@peakstone/kernel/inventory';
import { quoteIdentifier as id } from '@peakstone/kernel/pg';
import { type Step, SUPABASE_OWNERS } from './model.ts';
import { block, OWNER, table } from './sql.ts';

const API_ROLES = SUPABASE_REQUEST_ROLES.map(id).join(', ');

/** @param schemas Of the application; Supabase's grants are on `public`, where it is one of them. */
export function supabaseSteps(schemas: readonly string[], isSuperuser: boolean): Step[] {
  return [
    { name: "Supabase's tables in auth", statements: authTables() },
    { name: "Supabase's publication", statements: [publication] },
    ...(isSuperuser
      ? [
          {
            // Dumps of rows begin with it. Whoever owns the tables may disable their triggers one by one as well.
            name: 'loading rows without triggers',
            statements: [`grant set on parameter session_replication_role to ${OWNER}`],
          },
        ]
      : []),
    ...(schemas.includes('public')
      ? [{ name: "Supabase's grants on public", statements: publicGrants('public') }]
      : []),
  ];
}

function authTables(): string[] {
  return [
    table(
      'auth.users',
      [
        'instance_id uuid',
        'id uuid primary key',
        'aud character varying(255)',
        'role character varying(255)',
        'email character varying(255)',
        'encrypted_password character varying(255)',
        'email_confirmed_at timestamp with time zone',
        'invited_at timestamp with time zone',
        'confirmation_token character varying(255)',
        'confirmation_sent_at timestamp with time zone',
        'recovery_token character varying(255)',
        'recovery_sent_at timestamp with time zone',
        'email_change_token_new character varying(255)',
        'email_change character varying(255)',
        'email_change_sent_at timestamp with time zone',
        'last_sign_in_at timestamp with time zone',
        'raw_app_meta_data jsonb',
        'raw_user_meta_data jsonb',
        'is_super_admin boolean',
        'created_at timestamp with time zone',
        'updated_at timestamp with time zone',
        'phone text unique',
        'phone_confirmed_at timestamp with time zone',
        "phone_change text default ''",
        "phone_change_token character varying(255) default ''",
        'phone_change_sent_at timestamp with time zone',
        'confirmed_at timestamp with time zone generated always as (least(email_confirmed_at, phone_confirmed_at)) stored',
        "email_change_token_current character varying(255) default ''",
        'email_change_confirm_status smallint default 0 check (email_change_confirm_status between 0 and 2)',
        'banned_until timestamp with time zone',
        "reauthentication_token character varying(255) default ''",
        'reauthentication_sent_at timestamp with time zone',
        'is_sso_user boolean not null default false',
        'deleted_at timestamp with time zone',
        'is_anonymous boolean not null default false',
      ],
      'create unique index users_email_partial_key on auth.users (email) where (is_sso_user = false)',
    ),
    table('auth.identities', [
      'provider_id text not null',
      'user_id uuid not null references auth.users (id) on delete cascade',
      'identity_data jsonb not null',
      'provider text not null',
      'last_sign_in_at timestamp with time zone',
      'created_at timestamp with time zone',
      'updated_at timestamp with time zone',
      "email text generated always as (lower(identity_data ->> 'email')) stored",
      'id uuid primary key default gen_random_uuid()',
      'unique (provider_id, provider)',
    ]),
    table('auth.sessions', [
      'id uuid primary key',
      'user_id uuid not null references auth.users (id) on delete cascade',
      'created_at timestamp with time zone',
      'updated_at timestamp with time zone',
      'factor_id uuid',
      "aal text check (aal in ('aal1', 'aal2', 'aal3'))",
      'not_after timestamp with time zone',
      'refreshed_at timestamp without time zone',
      'user_agent text',
      'ip inet',
      'tag text',
    ]),
    table('auth.mfa_factors', [
      'id uuid primary key',
      'user_id uuid not null references auth.users (id) on delete cascade',
      'friendly_name text',
      "factor_type text not null check (factor_type in ('totp', 'webauthn', 'phone'))",
      "status text not null check (status in ('unverified', 'verified'))",
      'created_at timestamp with time zone not null',
      'updated_at timestamp with time zone not null',
      'secret text',
      'phone text',
      'last_challenged_at timestamp with time zone unique',
    ]),
  ];
}

/** Migrations add tables to it. */
const publication = block(`
  if not exists (select from pg_publication where pubname = 'supabase_realtime') then
    create publication supabase_realtime;
    alter publication supabase_realtime owner to ${OWNER};
  end if;`);

/** Supabase leaves it to row security alone: whoever makes a table without it has made it public. */
function publicGrants(schema: string): string[] {
  const makers = [`for role ${OWNER}`, ''];
  return [
    `grant usage on schema ${id(schema)} to ${API_ROLES}`,
    // Whoever is given a table there must be allowed to make one.
    `grant usage, create on schema ${id(schema)} to ${SUPABASE_OWNERS.map(id).join(', ')}`,
    ...makers.flatMap(maker =>
      ['tables', 'sequences', 'functions'].map(
        kind =>
          `alter default privileges ${maker} in schema ${id(schema)} grant all on ${kind} to ${API_ROLES}`,
      ),
    ),
  ];
}
