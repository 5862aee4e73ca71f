/**
 * Schema `storage`, as far as clients and policies of Supabase Storage use it: the rows of buckets and objects, over whose
 * row security the service of objects asks who may. What is there, as after an import, stays; what it lacks is added.
 * @see https://supabase.com/docs/guides/storage/schema/design
 * @see https://supabase.com/docs/guides/storage/schema/helper-functions
 */
import { SUPABASE_REQUEST_ROLES } from '@peakstone/kernel/inventory';
import { quoteIdentifier as id, quoteLiteral as literal } from '@peakstone/kernel/pg';
import type { Step } from './model.ts';
import { attempt, OWNER, table } from './sql.ts';
import { levelFunction, searchFunctions } from './storageSearch.ts';

const API_ROLES = SUPABASE_REQUEST_ROLES.map(id).join(', ');
const SERVICE_ROLE = '"service_role"';

/** Every statement may be repeated. */
export function storageSteps(): Step[] {
  return [
    { name: 'schema storage', statements: [...schema, ...tables, ...grants] },
    { name: 'functions of schema storage', statements: [...pathFunctions, ...operationFunctions, ...search] },
    { name: 'triggers of schema storage', statements: triggers },
  ];
}

const schema = [
  'create schema if not exists storage',
  `alter schema storage owner to ${OWNER}`,
  `grant usage on schema storage to ${API_ROLES}`,
];

const bucketColumns = [
  'owner uuid',
  'created_at timestamp with time zone default now()',
  'updated_at timestamp with time zone default now()',
  'public boolean default false',
  'avif_autodetection boolean default false',
  'file_size_limit bigint',
  'allowed_mime_types text[]',
  'owner_id text',
  // An enumerated type there, which a dump brings along.
  "type text not null default 'STANDARD'",
];

const objectColumns = [
  'owner uuid',
  'created_at timestamp with time zone default now()',
  'updated_at timestamp with time zone default now()',
  'last_accessed_at timestamp with time zone default now()',
  'metadata jsonb',
  "path_tokens text[] generated always as (string_to_array(name, '/')) stored",
  'version text',
  'owner_id text',
  'user_metadata jsonb',
];

const tables = [
  table('storage.buckets', ['id text primary key', 'name text not null unique', ...bucketColumns]),
  table(
    'storage.objects',
    [
      'id uuid primary key default gen_random_uuid()',
      'bucket_id text references storage.buckets (id)',
      'name text collate "C"',
      ...objectColumns,
    ],
    'create unique index bucketid_objname on storage.objects (bucket_id, name)',
  ),
  // What was deleted, whoever did it, until its bytes are gone as well; a bucket's name is empty.
  table('storage.peakstone_deletions', [
    'id bigint generated always as identity primary key',
    'bucket_id text not null',
    'name text not null',
    'version text',
  ]),
  addColumns('storage.buckets', bucketColumns),
  addColumns('storage.objects', objectColumns),
  attempt(
    'index of the names in a bucket',
    `
  if not exists (select from pg_index i where i.indrelid = 'storage.objects'::regclass
      and pg_get_indexdef(i.indexrelid) ~ '\\(bucket_id, name( COLLATE "C")?\\)'
      and (select c.collname from pg_collation c where c.oid = i.indcollation[1]) = 'C') then
    create index idx_objects_bucket_id_name on storage.objects (bucket_id, name collate "C");
  end if;`,
  ),
];

const grants = [
  // Row security decides, as it does there.
  `grant all on storage.buckets, storage.objects to ${API_ROLES}`,
  `grant select, delete on storage.peakstone_deletions to ${SERVICE_ROLE}`,
];

const pathFunctions = [
  newFunction(
    'foldername(name text)',
    'text[] language sql immutable parallel safe',
    "trim_array(string_to_array(name, '/'), 1)",
  ),
  newFunction(
    'filename(name text)',
    'text language sql immutable parallel safe',
    "split_part(name, '/', -1)",
  ),
  newFunction(
    'extension(name text)',
    'text language sql immutable parallel safe',
    "split_part(split_part(name, '/', -1), '.', -1)",
  ),
];

const withoutPrefix = (name: string): string => `regexp_replace(${name}, '^storage\\.', '')`;

/** By which a policy tells an upload from a list. */
const operationFunctions = [
  newFunction('operation()', 'text language sql stable', "current_setting('storage.operation', true)"),
  newFunction(
    'allow_only_operation(expected_operation text)',
    'boolean language sql stable',
    `coalesce(expected_operation <> '' and ${withoutPrefix("current_setting('storage.operation', true)")} = ${withoutPrefix('expected_operation')}, false)`,
  ),
  newFunction(
    'allow_any_operation(expected_operations text[])',
    'boolean language sql stable',
    `exists (select from unnest(expected_operations) expected
      where expected <> '' and ${withoutPrefix("current_setting('storage.operation', true)")} = ${withoutPrefix('expected')})`,
  ),
];

const search = [levelFunction, ...searchFunctions(newFunction)];

const triggers = [
  newTrigger(
    'storage.buckets',
    'enforce_bucket_name_length_trigger',
    'before insert or update of name',
    'row',
    'enforce_bucket_name_length',
    `if length(new.name) > 100 then
      raise exception 'bucket name "%" is too long (% characters). Max is 100.', new.name, length(new.name);
    end if;
    return new;`,
  ),
  newTrigger(
    'storage.objects',
    'update_objects_updated_at',
    'before update',
    'row',
    'update_updated_at_column',
    'new.updated_at = now(); return new;',
  ),
  // Whoever deletes a row means to delete the object, and would leave its bytes behind without knowing.
  ...['buckets', 'objects'].map(name =>
    newTrigger(
      `storage.${name}`,
      `protect_${name}_delete`,
      'before delete',
      'statement',
      'protect_delete',
      `if coalesce(current_setting('storage.allow_delete_query', true), '') <> 'true' then
        raise exception using errcode = '42501',
          message = 'Direct deletion from storage tables is not allowed. Use the Storage API instead.',
          hint = 'This prevents accidental data loss from orphaned objects.';
      end if;
      return null;`,
    ),
  ),
  ownTrigger(
    'storage.objects',
    'peakstone_deletion',
    'after delete on storage.objects referencing old table as gone for each statement',
    `insert into storage.peakstone_deletions (bucket_id, name, version)
      select bucket_id, name, version from gone where name is not null; return null;`,
  ),
  ownTrigger(
    'storage.buckets',
    'peakstone_bucket_deletion',
    'after delete on storage.buckets referencing old table as gone for each statement',
    "insert into storage.peakstone_deletions (bucket_id, name) select id, '' from gone; return null;",
  ),
];

/** Adds what a table of another making lacks. */
function addColumns(name: string, columns: readonly string[]): string {
  return attempt(
    `columns of ${name}`,
    `alter table ${name} ${columns.map(column => `add column if not exists ${column}`).join(', ')};`,
  );
}

/** Makes a function where there is none: an import brings its own. */
function newFunction(signature: string, returns: string, expression: string): string {
  const [, name = '', parameters = ''] = /^(\w+)\((.*)\)$/s.exec(signature) ?? [];
  const types = parameters.split(',').map(parameter =>
    parameter
      .replace(/ default .*/s, '')
      .trim()
      .split(/\s+/)
      .slice(1)
      .join(' '),
  );
  const identity = `storage.${name}(${types.filter(Boolean).join(', ')})`;
  return attempt(
    `function storage.${name}`,
    `
  if to_regprocedure(${literal(identity)}) is null then
    create function storage.${signature} returns ${returns} ${expression.includes('$body$') ? expression : `return ${expression}`};
    alter function ${identity} owner to ${OWNER};
  end if;`,
  );
}

/** Makes a trigger and its function where the table has no trigger of that name. */
function newTrigger(
  table: string,
  name: string,
  event: string,
  level: 'row' | 'statement',
  function_: string,
  body: string,
): string {
  return attempt(
    `trigger ${name}`,
    `
  if not exists (select from pg_trigger where tgrelid = ${literal(table)}::regclass and tgname = ${literal(name)}) then
    if to_regprocedure('storage.${function_}()') is null then
      create function storage.${function_}() returns trigger language plpgsql set search_path = pg_catalog, pg_temp
        as $body$ begin ${body} end $body$;
      alter function storage.${function_}() owner to ${OWNER};
    end if;
    create trigger ${name} ${event} on ${table} for each ${level} execute function storage.${function_}();
  end if;`,
  );
}

/** Ours, made as it is meant each time; as its owner, whoever deletes. */
function ownTrigger(table: string, name: string, event: string, body: string): string {
  return attempt(
    `trigger ${name}`,
    `
  create or replace function storage.${name}() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp
    as $body$ begin ${body} end $body$;
  alter function storage.${name}() owner to ${OWNER};
  revoke all on function storage.${name}() from public;
  if not exists (select from pg_trigger where tgrelid = ${literal(table)}::regclass and tgname = ${literal(name)}) then
    create trigger ${name} ${event} execute function storage.${name}();
  end if;`,
  );
}
