import { randomBytes } from 'node:crypto';
import { bootstrapDatabase } from '@peakstone/database';
import { ACCOUNTS, type LoginRole } from '@peakstone/kernel/inventory';
import { createPool, type Pool, withLogin } from '@peakstone/kernel/pg';
import { sharedServerUrl } from './shared.ts';
import { connect } from './sql.ts';

export interface TestDatabaseOptions {
  /** Make the stack's roles, schemas, grants and auth functions in it, before `sql`. */
  readonly bootstrap?: boolean;
  /** Application schemas of the bootstrap. Default: `public`. */
  readonly schemas?: readonly string[];
  /** Supabase compatibility of the bootstrap. It decides attributes of roles, which every test of a run shares. Default true. */
  readonly supabase?: boolean | 'full';
  /** Run on the new database before it is handed out. */
  readonly sql?: string;
}

/** A fresh database on the run's shared server. */
export interface TestDatabase {
  readonly name: string;
  /** Logs in as a role that owns the database and is no superuser. Roles are cluster-wide: name those you make after `name`. */
  readonly url: string;
  readonly superuserUrl: string;
  /** Connections by `url`, made when first used and closed by `drop()`. */
  readonly pool: Pool;
  /** Logs in as one of the bootstrap's accounts. */
  roleUrl(role: LoginRole): string;
  /** Disconnects everybody and drops the database and its owner. */
  drop(): Promise<void>;
}

/** Accounts belong to the cluster, so every test of a run must give them the same passwords. */
const PASSWORDS = Object.fromEntries(
  ACCOUNTS.map(({ name }) => [name, `test-password-of-${name}`]),
) as Readonly<Record<LoginRole, string>>;

/** Makes a database of the caller's own; `drop()` it when done. */
export async function testDatabase(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const server = await sharedServerUrl();
  const name = `test_${process.pid}_${randomBytes(4).toString('hex')}`;
  const password = randomBytes(12).toString('hex');
  const admin = connect(server);
  try {
    await admin.script(`create role ${name} login password '${password}'`);
    await admin.script(`create database ${name} owner ${name}`);
  } finally {
    await admin.close();
  }
  const superuserUrl = onDatabase(server, name);
  const url = asUser(superuserUrl, name, password);
  let pool: Pool | undefined;
  const database: TestDatabase = {
    name,
    url,
    get pool() {
      pool ??= createPool({ url });
      return pool;
    },
    superuserUrl,
    roleUrl: role => asUser(superuserUrl, role, PASSWORDS[role]),
    async drop() {
      await pool?.close();
      const last = connect(server);
      try {
        await last.script(`drop database if exists ${name} with (force)`);
        await last.script(`drop role if exists ${name}`);
      } finally {
        await last.close();
      }
    },
  };
  try {
    await prepare(database, options);
  } catch (error) {
    await database.drop();
    throw error;
  }
  return database;
}

async function prepare({ name, superuserUrl }: TestDatabase, options: TestDatabaseOptions): Promise<void> {
  if (options.bootstrap) {
    const { schemas = ['public'], supabase = true } = options;
    await bootstrapDatabase(superuserUrl, {
      database: name,
      schemas,
      passwords: PASSWORDS,
      supabase: supabase === 'full' ? 'full' : supabase ? 'roles' : 'off',
      // No time-out: a test waits for what it needs, on the slowest machine.
      roleSettings: {},
    });
  }
  if (options.sql === undefined) return;
  const client = connect(superuserUrl);
  try {
    await client.script(options.sql);
  } finally {
    await client.close();
  }
}

function onDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}

function asUser(url: string, user: string, password: string): string {
  return withLogin(url, user, password);
}
