/**
 * Objects that look like PostgreSQL's own, or that run when something else is touched, planted wherever a lesser role may
 * write. Each says in the server's log that it was called, and by whom: there neither a rollback nor a read-only
 * transaction takes it back.
 */

import { quoteIdentifier as id, quoteLiteral as literal } from '@peakstone/kernel/pg';
import { connect, type SqlClient } from './sql.ts';

/** One call of a decoy. */
export interface DecoyCall {
  readonly decoy: string;
  readonly sessionUser: string;
  readonly currentUser: string;
}

/** What a line of the server's log says of a decoy; undefined when it is about something else. */
export function readDecoyCall(line: string): DecoyCall | undefined {
  const match = /DECOY (\S+) session=(\S+) current=(\S+)/.exec(line);
  return match ? { decoy: match[1]!, sessionUser: match[2]!, currentUser: match[3]! } : undefined;
}

export interface DecoyOptions {
  readonly schema: string;
  /** Every decoy fails when it is called. */
  readonly raises: boolean;
  /** Also such as are nearer than PostgreSQL's own wherever they are on the path; what is not qualified is often ambiguous then. */
  readonly closer?: boolean;
}

/** Plants decoys in a schema, as the login of `url`. */
export async function plantDecoys(url: string, options: DecoyOptions): Promise<void> {
  const client = connect(url);
  try {
    const statements = [
      'set search_path = pg_catalog, pg_temp',
      ...(await functions(client, options)),
      ...variadicFunctions(options),
      ...(await operators(client, options)),
      ...(options.closer ? closer(options) : []),
      ...types(options),
      ...(await catalogs(client, options)),
      ...touched(options),
    ];
    await client.script(statements.join(';\n'));
  } finally {
    await client.close();
  }
}

/** The body of a PL/pgSQL function that tells of its call. */
function body(decoy: string, { raises }: DecoyOptions, end = 'return null'): string {
  const fail = raises ? "raise exception 'a decoy was called';" : '';
  return literal(
    `begin raise log 'DECOY % session=% current=%', ${literal(decoy)}, session_user, current_user; ${fail} ${end}; end`,
  );
}

/** Types that no function in PL/pgSQL takes or gives by themselves. */
const PSEUDO = `(select coalesce(array_agg(oid), '{}') from pg_type where typtype = 'p')`;

/** Each of PostgreSQL's functions with its own arguments. */
async function functions(client: SqlClient, options: DecoyOptions): Promise<string[]> {
  const rows = await client.query(
    `select distinct proname, oidvectortypes(proargtypes), format_type(prorettype, null) from pg_catalog.pg_proc
     where pronamespace = 'pg_catalog'::regnamespace and prokind = 'f' and not proretset
       and not (proargtypes::oid[] || prorettype) && ${PSEUDO}`,
  );
  return rows.map(
    ([name, parameters, result]) =>
      `create function ${options.schema}.${id(name!)}(${parameters}) returns ${result} language plpgsql as ${body(`function:${name}`, options)}`,
  );
}

/** Those that take anything: with arguments of types, by which they are called more exactly than PostgreSQL's own. */
function variadicFunctions(options: DecoyOptions): string[] {
  const names = {
    concat_ws: 'text',
    concat: 'text',
    format: 'text',
    json_build_object: 'json',
    to_json: 'json',
  };
  const signatures = [
    ['text', 'regrole', 'regrole', 'boolean', 'boolean', 'boolean'],
    ['name', 'boolean', 'boolean'],
    ['text', 'name', 'text'],
    ['text', 'regrole', 'text'],
    ['text', 'regnamespace', 'text'],
    ['text', 'name', 'regrole', 'text'],
    ['text', 'regprocedure', 'regrole', 'text', 'text'],
    ['text', 'name', 'regnamespace'],
    ['text', 'text'],
    ['text', 'name'],
    ['text', 'text', 'text'],
    ['text'],
    ['name'],
  ];
  return Object.entries(names).flatMap(([name, result]) =>
    signatures
      .filter(parameters => name === 'to_json' || parameters.length > 1)
      .map(
        parameters =>
          `create or replace function ${options.schema}.${name}(${parameters.join(', ')}) returns ${result} language plpgsql as ${body(`function:${name}`, options)}`,
      ),
  );
}

async function operators(client: SqlClient, options: DecoyOptions): Promise<string[]> {
  const rows = await client.query(
    `select oid, oprname, format_type(nullif(oprleft, 0), null), format_type(oprright, null), format_type(oprresult, null)
     from pg_catalog.pg_operator where oprnamespace = 'pg_catalog'::regnamespace and oprright <> 0
       and not array[oprleft, oprright, oprresult] && ${PSEUDO}`,
  );
  return rows.flatMap(([oid, name, left, right, result]) => {
    const called = `${options.schema}.operator_${oid}`;
    const sides = left === null ? '' : `leftarg = ${left}, `;
    return [
      `create function ${called}(${left === null ? '' : `${left}, `}${right}) returns ${result} language plpgsql as ${body(`operator:${name}`, options)}`,
      `create operator ${options.schema}.${name} (${sides}rightarg = ${right}, function = ${called})`,
    ];
  });
}

/** Where PostgreSQL has to convert an argument, or takes anything: these are called more exactly, wherever they are on the path. */
function closer(options: DecoyOptions): string[] {
  const { schema } = options;
  const compared = ['=', '<>', '<', '>', '<=', '>=', '~~', '!~~', '~~*', '!~~*', '~', '!~', '~*', '!~*'];
  const pairs: readonly (readonly [name: string, left: string, right: string, result: string])[] = [
    ...compared.flatMap(name =>
      ['varchar', 'text'].map(right => [name, 'varchar', right, 'boolean'] as const),
    ),
    ['*', 'integer', 'float8', 'float8'],
    ['||', 'text', 'bigint', 'text'],
  ];
  const functions: readonly (readonly [name: string, parameters: string, result: string])[] = [
    ['pg_column_size', 'json', 'integer'],
    ['similar_to_escape', 'varchar', 'text'],
    ['upper', 'varchar', 'text'],
    ['json_build_object', 'text, bigint', 'json'],
    ['json_build_object', 'text, json', 'json'],
    ['unnest', 'varchar[]', 'setof varchar'],
  ];
  const aggregates: readonly (readonly [name: string, argument: string, result: string])[] = [
    ['json_agg', 'json', 'json'],
    ['count', 'varchar', 'bigint'],
    ['max', 'varchar', 'text'],
    ['min', 'varchar', 'text'],
    ['sum', 'varchar', 'text'],
    ['array_agg', 'text', 'text[]'],
  ];
  return [
    ...pairs.flatMap(([name, left, right, result], i) => [
      `create function ${schema}.closer_${i}(${left}, ${right}) returns ${result} language plpgsql as ${body(`operator:${name}`, options)}`,
      `create operator ${schema}.${name} (leftarg = ${left}, rightarg = ${right}, function = ${schema}.closer_${i})`,
    ]),
    ...functions.map(
      ([name, parameters, result]) =>
        `create function ${schema}.${name}(${parameters}) returns ${result} language plpgsql as ${body(`function:${name}`, options, result.startsWith('setof') ? 'return' : 'return null')}`,
    ),
    ...aggregates.flatMap(([name, argument, result]) => [
      `create function ${schema}.step_${name}(${result}, ${argument}) returns ${result} language plpgsql as ${body(`aggregate:${name}`, options)}`,
      `create aggregate ${schema}.${name}(${argument}) (sfunc = ${schema}.step_${name}, stype = ${result})`,
    ]),
  ];
}

/** Domains by the names of PostgreSQL's types, and a type that turns into everything by itself. */
function types(options: DecoyOptions): string[] {
  const { schema } = options;
  const names = [
    'text',
    'oid',
    'name',
    'regclass',
    'regrole',
    'regtype',
    'regnamespace',
    'json',
    'bool',
    'uuid',
  ];
  return [
    ...names.flatMap(name => [
      `create function ${schema}.checks_${name}(pg_catalog.${name}) returns pg_catalog.bool language plpgsql as ${body(`domain:${name}`, options, 'return true')}`,
      `create domain ${schema}.${name} as pg_catalog.${name} check (${schema}.checks_${name}(value))`,
    ]),
    `create type ${schema}.chameleon as (value pg_catalog.text)`,
    ...['text', 'json', 'name', 'oid'].flatMap(name => [
      `create function ${schema}.from_chameleon_${name}(${schema}.chameleon) returns pg_catalog.${name} language plpgsql as ${body(`cast:chameleon-${name}`, options)}`,
      `create cast (${schema}.chameleon as pg_catalog.${name}) with function ${schema}.from_chameleon_${name}(${schema}.chameleon) as implicit`,
      `create function ${schema}.to_chameleon(pg_catalog.${name}) returns ${schema}.chameleon language plpgsql as ${body(`cast:${name}-chameleon`, options)}`,
      `create cast (pg_catalog.${name} as ${schema}.chameleon) with function ${schema}.to_chameleon(pg_catalog.${name}) as implicit`,
    ]),
  ];
}

/** Views by the names of PostgreSQL's catalogs. */
async function catalogs(client: SqlClient, options: DecoyOptions): Promise<string[]> {
  const { schema } = options;
  const rows = await client.query(
    `select c.relname, string_agg(quote_ident(a.attname), ', ')
     from pg_catalog.pg_class c join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0
     where c.relnamespace = 'pg_catalog'::regnamespace and c.relkind in ('r', 'v') and c.relname !~ '^pg_stat(s|istic)'
       and not array[a.atttypid] && ${PSEUDO}
     group by c.relname`,
  );
  return [
    `create function ${schema}.seen() returns pg_catalog.bool language plpgsql as ${body('catalog', options, 'return true')}`,
    ...rows.map(
      ([name, columns]) =>
        `create view ${schema}.${id(name!)} as select ${columns} from pg_catalog.${id(name!)} where ${schema}.seen()`,
    ),
  ];
}

/** A table on which everything hangs that runs when somebody touches it. */
function touched(options: DecoyOptions): string[] {
  const { schema } = options;
  const define = (name: string, parameters: string, result: string, end: string, more = '') =>
    `create function ${schema}.${name}(${parameters}) returns ${result} language plpgsql ${more} as ${body(`touched:${name}`, options, end)}`;
  return [
    define('on_default', '', 'integer', 'return 1'),
    define('on_generated', 'integer', 'integer', 'return 1', 'immutable'),
    define('on_check', 'integer', 'boolean', 'return true', 'immutable'),
    define('on_index', 'integer', 'integer', 'return 1', 'immutable'),
    define('on_policy', '', 'boolean', 'return true'),
    define('on_rule', '', 'integer', 'return 1'),
    define('on_view', '', 'integer', 'return 1'),
    define('on_trigger', '', 'trigger', 'return new'),
    `create table ${schema}.touched (id integer, word pg_catalog.text, shape ${schema}.chameleon)`,
    `alter table ${schema}.touched add made integer default ${schema}.on_default()`,
    `alter table ${schema}.touched add computed integer generated always as (${schema}.on_generated(id)) stored`,
    `alter table ${schema}.touched add check (${schema}.on_check(id))`,
    `create index on ${schema}.touched (${schema}.on_index(id))`,
    `alter table ${schema}.touched enable row level security`,
    `create policy looks on ${schema}.touched using (${schema}.on_policy())`,
    `create rule also as on insert to ${schema}.touched do also select ${schema}.on_rule()`,
    `create trigger fires before insert or update or delete or truncate on ${schema}.touched execute function ${schema}.on_trigger()`,
    `create view ${schema}.shows as select *, ${schema}.on_view() as seen from ${schema}.touched`,
    `create function ${schema}.on_event() returns event_trigger language plpgsql as ${body('event', options, 'return')}`,
  ];
}
