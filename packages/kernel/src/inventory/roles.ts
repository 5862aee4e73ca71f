/** Which roles are the stack's own, and what each is for. Every list of them is a question to this table. */

/** Accounts that log in, besides the administrator's. */
export type LoginRole =
  | 'db_authenticator'
  | 'hasura'
  | 'db_migrator'
  | 'db_backup'
  | 'console_viewer'
  | 'console_editor';

export interface StackRole {
  readonly name: string;
  /** The variable that holds its password, of an account that logs in. */
  readonly password?: string;
  /** May connect to the application's database as a client does, or by one who takes it on. */
  readonly connects?: true;
  /** Who it is that a request under this role comes from; absent where no request is. */
  readonly asks?: 'visitor' | 'user' | 'service';
  /** Requests run in its sessions. */
  readonly serves?: true;
  /** SQL that people write by hand runs in its sessions: what is in it may be secret. */
  readonly runsHandwritten?: true;
  /** What it may do with the rows of the application's schemas. */
  readonly rows?: 'read' | 'write';
  /** It has nothing of its own: what it may do, it does as another, or by the replication protocol. */
  readonly isBare?: true;
  /** Reads the server's files and WAL, which is all that is in it: of backups alone. */
  readonly replicates?: true;
  /** Operators work in its sessions: it reads, or writes, every table there is, whatever its policies keep from others. */
  readonly operates?: 'read' | 'write';
  /** Has that role's privileges as well, where the stack looks like Supabase. */
  readonly has?: string;
  /** Its name is Supabase's; requests may take it on where the stack looks like that. */
  readonly isSupabases?: true;
}

export const STACK_ROLES: readonly StackRole[] = [
  { name: 'web_anon', asks: 'visitor', rows: 'read' },
  { name: 'app_user', asks: 'user', rows: 'write' },
  { name: 'read_only', rows: 'read', connects: true },
  { name: 'anon', asks: 'visitor', has: 'web_anon', isSupabases: true },
  { name: 'authenticated', asks: 'user', has: 'app_user', isSupabases: true },
  { name: 'service_role', asks: 'service', has: 'app_user', isSupabases: true },
  // It owns the application's schemas.
  { ...account('db_migrator', 'DB_MIGRATOR_PASSWORD'), connects: true, runsHandwritten: true },
  {
    ...account('db_authenticator', 'DB_AUTHENTICATOR_PASSWORD'),
    connects: true,
    serves: true,
    // Every request takes on another role.
    isBare: true,
  },
  {
    ...account('hasura', 'HASURA_DB_PASSWORD'),
    connects: true,
    serves: true,
    runsHandwritten: true,
    rows: 'write',
  },
  { ...account('db_backup', 'DB_BACKUP_PASSWORD'), isBare: true, replicates: true },
  { ...account('console_viewer', 'CONSOLE_VIEWER_PASSWORD'), operates: 'read' },
  { ...account('console_editor', 'CONSOLE_EDITOR_PASSWORD'), operates: 'write' },
];

/** Names of the roles for which something holds. Pure. @example rolesWhere(({ rows }) => rows === 'read') // ['web_anon', 'read_only'] */
export function rolesWhere(holds: (role: StackRole) => unknown): readonly string[] {
  return STACK_ROLES.filter(holds).map(({ name }) => name);
}

/** Requests come under these where Supabase's clients are served. */
export const SUPABASE_REQUEST_ROLES = rolesWhere(role => role.isSupabases);

/** Those of visitors, whoever they are. */
export const VISITOR_ROLES = rolesWhere(({ asks }) => asks === 'visitor');

/** Those of visitors and users: whoever is not known to be careful. */
export const STRANGER_ROLES = rolesWhere(({ asks }) => asks === 'visitor' || asks === 'user');

/** Accounts that log in, with the variables that hold their passwords. */
export const ACCOUNTS = STACK_ROLES.filter(
  ({ password }) => password !== undefined,
) as readonly (StackRole & {
  readonly name: LoginRole;
  readonly password: string;
})[];

function account(name: LoginRole, password: string): { name: LoginRole; password: string } {
  return { name, password };
}
