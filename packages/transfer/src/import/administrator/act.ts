/**
 * All that an administrator does because a dump says so, and the one rule about it: **an act's objects are on a list of the
 * stack's own** (kernel/inventory) **or were made by this very import**, which its journal remembers. That something is not
 * the owner's to do is never a reason to do it as the administrator: it is told, and left.
 *
 * An act holds names and values, never SQL: `statement.ts` alone writes that, and it asks the server once more, in the
 * statement that acts, whether the objects are what they were taken for.
 */
import {
  EXTENSIONS_SCHEMA,
  PLATFORM_ROLES,
  rolesWhere,
  STACK_EXTENSIONS,
  STACK_ROLES,
  STACK_SCHEMAS,
  schemasWith,
} from '@peakstone/kernel/inventory';
import { isVerifier } from '../verifier.ts';
import type { World } from '../world.ts';

/** Tables of pg_cron, or of what stands in for it. */
export const CRON_TABLES = ['cron.job', 'cron.job_run_details'] as const;
export type CronTable = (typeof CRON_TABLES)[number];

export interface RoleAttributes {
  readonly login: boolean;
  readonly inherit: boolean;
  readonly connectionLimit: number | null;
  /** As the server itself stores it; null for none. */
  readonly verifier: string | null;
}

export type Act =
  | { readonly kind: 'make role' | 'drop role'; readonly role: string }
  | { readonly kind: 'alter role'; readonly role: string; readonly attributes: RoleAttributes }
  | {
      readonly kind: 'grant role';
      readonly role: string;
      readonly member: string;
      readonly inherits: boolean;
    }
  /** USAGE of a schema of the stack's, and no more. */
  | { readonly kind: 'grant use'; readonly schema: string; readonly role: string }
  /** The schema of extensions, where the bootstrap has not made it. */
  | { readonly kind: 'make home' }
  /** `schema` is null where the extension says itself where it belongs. */
  | { readonly kind: 'make extension'; readonly extension: string; readonly schema: string | null }
  | { readonly kind: 'drop extension'; readonly extension: string }
  | { readonly kind: 'move extension'; readonly extension: string; readonly schema: string }
  /** Rows of `columns`, or of those that the table has: `values` of statements, or a stream of COPY's. */
  | {
      readonly kind: 'write jobs';
      readonly table: CronTable;
      readonly columns: readonly string[];
      readonly values: readonly (readonly Value[])[] | null;
    }
  /** Who owns what is imported makes things in the stack's schema `auth` as long as that goes on. */
  | { readonly kind: 'open auth' | 'close auth' }
  /** The owner's session may load rows without triggers: the way for it, and its end. */
  | { readonly kind: 'lend loading' | 'end loading' }
  /** The APIs look at the schema anew. */
  | { readonly kind: 'tell apis' };

/** A value of SQL: a string as it is, a number or one of the words as they are written. */
export type Value =
  | { readonly kind: 'string'; readonly text: string }
  | { readonly kind: 'plain'; readonly text: string };

/** What is on no list. */
export class UnlistedError extends Error {
  override readonly name = 'UnlistedError';
}

/** Roles that a dump's own may be members of, or have as members: those of requests and groups, which log in nowhere. */
const GROUPS = rolesWhere(({ password }) => password === undefined);
const API_LOGIN = rolesWhere(({ serves, isBare }) => serves && isBare);
const PLAIN = /^(?:-?\d{1,30}(?:\.\d{1,30})?|true|false|null|default)$/;

/** The rule. Pure. @throws {UnlistedError} naming what is not the stack's */
export function assertListed(act: Act, world: Pick<World, 'owner'>): void {
  const what = unlistedOf(act, world);
  if (what !== null) throw new UnlistedError(`${what}, so that no dump has it changed`);
}

/** What of an act is on no list; null where all is. */
function unlistedOf(act: Act, { owner }: Pick<World, 'owner'>): string | null {
  const notOfTheDump = (role: string): string | null =>
    isOurs(role) || role === owner ? `role ${role} is the stack’s or the server’s` : null;
  switch (act.kind) {
    case 'make role':
    case 'drop role':
      return notOfTheDump(act.role);
    case 'alter role': {
      const { connectionLimit, verifier } = act.attributes;
      if (connectionLimit !== null && !Number.isInteger(connectionLimit))
        return 'the limit of connections is no number';
      if (verifier !== null && !isVerifier(verifier)) return 'the password is none that a server stores';
      return notOfTheDump(act.role);
    }
    case 'grant role': {
      const { role, member } = act;
      if (isOurs(role) && !GROUPS.includes(role)) return `role ${role} is nobody’s to give`;
      if (isOurs(member) && member !== owner && ![...GROUPS, ...API_LOGIN].includes(member))
        return `role ${member} is the stack’s or the server’s`;
      const isBoth = isOurs(role) && (isOurs(member) || member === owner);
      return isBoth ? `roles ${role} and ${member} are both the stack’s` : null;
    }
    case 'grant use':
      if (!schemasWith('shared').includes(act.schema))
        return `schema ${act.schema} is not one of the stack’s that others use`;
      return notOfTheDump(act.role);
    case 'make extension':
      // That it is a schema of the owner's, the server is asked.
      return act.schema === null ? null : reservedOf(act.schema);
    case 'move extension':
      if (!STACK_EXTENSIONS.some(({ name, fixedSchema }) => name === act.extension && !fixedSchema))
        return `extension ${act.extension} was here before and is not the stack’s`;
      return reservedOf(act.schema);
    case 'write jobs': {
      if (!CRON_TABLES.includes(act.table)) return `table ${act.table} is not one of jobs`;
      const isValue = ({ kind, text }: Value): boolean => kind === 'string' || PLAIN.test(text);
      return act.values?.flat().every(isValue) === false
        ? 'what stands in the place of a value is none'
        : null;
    }
    case 'drop extension':
      // That this import made it, the server is asked.
      return null;
    case 'make home':
    case 'open auth':
    case 'close auth':
    case 'lend loading':
    case 'end loading':
    case 'tell apis':
      // Of one object of the stack's each, which the statement names.
      return null;
  }
}

function isOurs(role: string): boolean {
  return [...STACK_ROLES, ...PLATFORM_ROLES].some(({ name }) => name === role) || role.startsWith('pg_');
}

function reservedOf(schema: string): string | null {
  const isReserved =
    schema !== EXTENSIONS_SCHEMA &&
    (/^(?:pg_|information_schema$)/.test(schema) || STACK_SCHEMAS.some(({ name }) => name === schema));
  return isReserved ? `schema ${schema} is the stack’s or the server’s` : null;
}
