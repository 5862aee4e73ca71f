import { OWNERS, REQUEST_ROLES, SERVICE_ROLES } from './platform.ts';
import type { World } from './world.ts';

/** What a role of the dump is here. */
export type Role =
  | { readonly kind: 'role'; readonly name: string }
  | { readonly kind: 'everybody' }
  /** A service of the platform's, which nothing here is. */
  | { readonly kind: 'nobody' }
  | { readonly kind: 'unknown' };

/** Whom a dump means by its roles, in a stack's database. */
export class Roles {
  readonly #world: World;
  readonly #made: ReadonlySet<string>;

  /** @param made Roles that the dump itself makes. */
  constructor(world: World, made: ReadonlySet<string>) {
    this.#world = world;
    this.#made = made;
  }

  /** Whether the dump brings it: it is neither the stack's nor the platform's, nor anybody's who is here already. */
  isNew(name: string): boolean {
    return this.#made.has(name) && this.#isSomebodys(name) && !this.#world.roles.includes(name);
  }

  /** Whether requests run under it, so that it has no more than they. */
  isOfRequests(name: string): boolean {
    return STACK_REQUEST_ROLES.includes(name) && this.#world.roles.includes(name);
  }

  resolve(name: string): Role {
    if (name === 'public') return { kind: 'everybody' };
    if (OWNERS.includes(name)) return { kind: 'role', name: this.#world.owner };
    if (name === 'authenticator') return { kind: 'role', name: 'db_authenticator' };
    if (SERVICE_ROLES.includes(name)) return { kind: 'nobody' };
    if (this.#world.roles.includes(name) || this.#made.has(name)) return { kind: 'role', name };
    return { kind: 'unknown' };
  }

  #isSomebodys(name: string): boolean {
    if (OWNERS.includes(name) || SERVICE_ROLES.includes(name) || name === 'authenticator') return false;
    return !STACK_ROLES.includes(name) && !name.startsWith('pg_');
  }
}

/** Roles that are nobody’s login. */
const STACK_REQUEST_ROLES: readonly string[] = ['web_anon', 'app_user', 'read_only', ...REQUEST_ROLES];

/** Their attributes are the bootstrap's to say. */
const STACK_ROLES: readonly string[] = [
  ...STACK_REQUEST_ROLES,
  ...['hasura', 'db_migrator', 'db_authenticator', 'db_backup'],
];
