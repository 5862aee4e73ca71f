import { PLATFORM_ROLES, rolesWhere, STACK_ROLES } from '@peakstone/kernel/inventory';
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
    return GROUPS.includes(name) && this.#world.roles.includes(name);
  }

  resolve(name: string): Role {
    if (name === 'public') return { kind: 'everybody' };
    switch (PLATFORM_ROLES.find(role => role.name === name)?.is) {
      case 'migrator':
        return { kind: 'role', name: this.#world.owner };
      case 'authenticator':
        return { kind: 'role', name: 'db_authenticator' };
      case 'nobody':
        return { kind: 'nobody' };
      case undefined:
        if (this.#world.roles.includes(name) || this.#made.has(name)) return { kind: 'role', name };
        return { kind: 'unknown' };
    }
  }

  #isSomebodys(name: string): boolean {
    // Attributes of the stack's are the bootstrap's to say.
    return ![...STACK_ROLES, ...PLATFORM_ROLES].some(role => role.name === name) && !name.startsWith('pg_');
  }
}

/** Roles that are nobody’s login. */
const GROUPS = rolesWhere(({ password }) => password === undefined);
