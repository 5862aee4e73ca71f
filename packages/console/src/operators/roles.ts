/** What an operator may do. A role has all that those before it have. */
export const ROLES = ['viewer', 'editor', 'migrator', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** Each route and each stream declares one of these, or it cannot be called at all. */
export type Capability =
  /** Reads what the database and the stack hold. */
  | 'view'
  /** Changes rows. */
  | 'edit'
  /** Changes the schema. */
  | 'migrate'
  /** Decides who may do what, and sees what was done. */
  | 'administer';

const CAPABILITIES: Readonly<Record<Role, readonly Capability[]>> = {
  viewer: ['view'],
  editor: ['view', 'edit'],
  migrator: ['view', 'edit', 'migrate'],
  admin: ['view', 'edit', 'migrate', 'administer'],
};

/** Pure. */
export function may(role: Role, capability: Capability): boolean {
  return CAPABILITIES[role].includes(capability);
}

/** A person who has signed in. */
export interface Operator {
  readonly name: string;
  readonly role: Role;
}
