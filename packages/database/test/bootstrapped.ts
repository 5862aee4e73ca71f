import { connect, startTestServer, type TestServer } from '@peakstone/testing';
import {
  type BootstrapOptions,
  type BootstrapReport,
  bootstrapDatabase,
  connectionUrl,
} from '../src/index.ts';

type Rows = (string | null)[][];

export const passwords = {
  db_authenticator: 'pw-authenticator',
  hasura: 'pw-hasura',
  db_migrator: 'pw-migrator',
  db_backup: 'pw-backup',
  console_viewer: 'pw-viewer',
  console_editor: 'pw-editor',
};

/** A server of a test's own with the stack's roles, because these belong to the whole cluster. */
export interface Bootstrapped {
  readonly server: TestServer;
  readonly report: BootstrapReport;
  bootstrap(more?: Partial<BootstrapOptions>): Promise<BootstrapReport>;
  /** Statements one by one on one connection; the last one's rows. */
  asSuperuser(...statements: string[]): Promise<Rows>;
  as(role: keyof typeof passwords, ...statements: string[]): Promise<Rows>;
  /** As a request: the authenticator takes on the role for the statements. */
  asRequest(role: string, ...statements: string[]): Promise<Rows>;
}

export async function startBootstrapped(options: Partial<BootstrapOptions> = {}): Promise<Bootstrapped> {
  const server = await startTestServer({ durable: false });
  const base: BootstrapOptions = {
    database: 'postgres',
    schemas: ['public'],
    passwords,
    supabase: 'roles',
    roleSettings: {},
    ...options,
  };
  const bootstrap = (more: Partial<BootstrapOptions> = {}) =>
    bootstrapDatabase(server.url, { ...base, ...more });
  const url = (role: keyof typeof passwords) =>
    connectionUrl({ host: '127.0.0.1', port: server.port }, 'postgres', role, passwords[role]);
  try {
    return {
      server,
      report: await bootstrap(),
      bootstrap,
      asSuperuser: (...statements) => run(server.url, ...statements),
      as: (role, ...statements) => run(url(role), ...statements),
      asRequest: (role, ...statements) => run(url('db_authenticator'), `set role ${role}`, ...statements),
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** Statements one by one on one connection; the last one's rows. */
export async function run(url: string, ...statements: readonly string[]): Promise<Rows> {
  const client = connect(url);
  try {
    let rows: Rows = [];
    for (const statement of statements) rows = await client.query(statement);
    return rows;
  } finally {
    await client.close();
  }
}
