import { rolesWhere } from '@peakstone/kernel/inventory';
import { quoteIdentifier as id, quoteLiteral as literal } from '@peakstone/kernel/pg';
import { ownSchemaStatements } from './schemas.ts';
import { block } from './sql.ts';

/** Roles that policies run as, and so must reach the functions. */
const USERS = rolesWhere(({ isBare }) => !isBare);

/**
 * The functions by which policies learn who asks. REST sets `request.jwt.claims` (older clients' policies read
 * `request.jwt.claim.NAME`), GraphQL sets `hasura.user`, the session variables as JSON.
 *
 * Their bodies are parsed once, when they are made, so that no search path can put another operator under them, and
 * the planner still inlines them into policies.
 * @see https://supabase.com/docs/guides/database/postgres/row-level-security#helper-functions
 * @see https://hasura.io/docs/2.0/schema/postgres/custom-functions/#accessing-hasura-session-variables
 */
export function authStatements(): string[] {
  const setting = (name: string) => `nullif(current_setting('${name}', true), '')`;
  const claim = (name: string) => `(${setting('request.jwt.claims')}::json ->> '${name}')`;
  const session = (name: string) => `(${setting('hasura.user')}::json ->> '${name}')`;
  const first = (name: string, variable: string) =>
    `coalesce(${claim(name)}, ${setting(`request.jwt.claim.${name}`)}, ${session(variable)})`;
  const subject = first('sub', 'x-hasura-user-id');
  const define = (signature: string, type: string, expression: string, comment: string) => [
    setAsideStatement(signature, type),
    `create or replace function auth.${signature} returns ${type} language sql stable parallel safe return ${expression}`,
    `alter function auth.${signature} owner to current_user`,
    `comment on function auth.${signature} is '${comment}'`,
  ];
  return [
    ...ownSchemaStatements('auth', 'take over'),
    `grant usage on schema auth to ${USERS.map(id).join(', ')}`,
    ...define(
      'uid()',
      'uuid',
      // A subject that is no UUID (a service name, an e-mail) is nobody, not an error in every policy.
      `case when pg_input_is_valid(${subject}, 'uuid') then ${subject}::uuid end`,
      'The id of the user who asks: claim sub, or x-hasura-user-id.',
    ),
    ...define(
      'jwt()',
      'jsonb',
      `coalesce(${setting('request.jwt.claims')}, ${setting('request.jwt.claim')}, ${setting('hasura.user')})::jsonb`,
      'All claims of the token, or all session variables.',
    ),
    ...define(
      'role()',
      'text',
      first('role', 'x-hasura-role'),
      'The role asked for: claim role, or x-hasura-role.',
    ),
    ...define(
      'email()',
      'text',
      first('email', 'x-hasura-user-email'),
      'The e-mail address in the token, if it has one.',
    ),
  ];
}

/** A routine that is in the way, because it returns something else, gets another name; what uses it goes on using it. */
function setAsideStatement(signature: string, type: string): string {
  const name = signature.slice(0, -'()'.length);
  const found = literal(`${name}_found_`);
  return block(`
  if exists (select from pg_proc where oid = to_regprocedure(${literal(`auth.${signature}`)})
      and (prokind <> 'f' or proretset or prorettype <> ${literal(type)}::regtype)) then
    execute format('alter routine auth.${signature} rename to %I', ${found} || to_regprocedure(${literal(`auth.${signature}`)})::oid);
  end if;`);
}
