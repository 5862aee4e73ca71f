import { JOURNAL_SCHEMA } from '@peakstone/kernel/inventory';
import { quoteIdentifier as id, quoteLiteral as literal } from '@peakstone/kernel/pg';
import type { World } from '../world.ts';
import { type Act, assertListed } from './act.ts';
import { block } from './block.ts';
import { dropMadeExtension, makeExtension, makeHome, moveExtension } from './extensions.ts';
import { writeJobs } from './jobs.ts';
import { alterMadeRole, dropMadeRole, grantRole, grantUse, makeRole } from './roles.ts';

/** In a schema that is gone with the import. */
export const LENT_LOADING = `${JOURNAL_SCHEMA}.load_without_triggers()`;

/** What the administrator says for an act. Pure. */
export function statementOf(act: Act, world: World): string {
  const owner = id(world.owner);
  switch (act.kind) {
    case 'make role':
      return makeRole(act.role, world.owner);
    case 'drop role':
      return dropMadeRole(act.role);
    case 'alter role':
      return alterMadeRole(act.role, act.attributes);
    case 'grant role':
      return grantRole(act.role, act.member, act.inherits);
    case 'grant use':
      return grantUse(act.schema, act.role);
    case 'make home':
      return makeHome();
    case 'make extension':
      return makeExtension(act.extension, act.schema, world);
    case 'drop extension':
      return dropMadeExtension(act.extension);
    case 'move extension':
      return moveExtension(act.extension, act.schema, world);
    case 'write jobs':
      return writeJobs(act.table, act.columns, act.values, world);
    case 'open auth':
      return whereAdministrators('auth', `grant usage, create on schema auth to ${owner}`);
    case 'close auth':
      return whereAdministrators('auth', `revoke create on schema auth from ${owner}`);
    case 'lend loading':
      return `create or replace function ${LENT_LOADING} returns text language sql security definer
        begin atomic; select pg_catalog.set_config('session_replication_role', 'replica', false); end;
        revoke all on function ${LENT_LOADING} from public;
        grant execute on function ${LENT_LOADING} to ${owner}`;
    case 'end loading':
      return `drop function ${LENT_LOADING}`;
    case 'tell apis':
      return `select pg_catalog.pg_notify('pgrst', 'reload schema')`;
  }
}

/**
 * What moves an extension of the stack's into a schema of an owner's, by the same rule, for whoever is the administrator's voice
 * for a script. @throws {UnlistedError}
 */
export function movingExtension(extension: string, schema: string, owner: string): string {
  assertListed({ kind: 'move extension', extension, schema }, { owner });
  return moveExtension(extension, schema, { owner });
}

/** One of that name that is another's stays as it is. */
function whereAdministrators(schema: string, statement: string): string {
  return block(`
  if exists (select from pg_namespace n join pg_roles r on r.oid = n.nspowner
      where n.nspname = ${literal(schema)} and (r.rolsuper or r.rolname = current_user)) then
    ${statement};
  end if;`);
}
