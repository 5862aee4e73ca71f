import { randomBytes } from 'node:crypto';
import { connect } from '@peakstone/database';
import { sharedServerUrl } from './shared.ts';

export interface TestDatabaseOptions {
  /** Run on the new database before it is handed out. */
  readonly sql?: string;
}

/** A fresh database on the run's shared server. */
export interface TestDatabase {
  readonly name: string;
  /** Logs in as a role that owns the database and is no superuser. Roles are cluster-wide: name those you make after `name`. */
  readonly url: string;
  readonly superuserUrl: string;
  /** Disconnects everybody and drops the database and its owner. */
  drop(): Promise<void>;
}

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
  const url = new URL(superuserUrl);
  url.username = name;
  url.password = password;
  const database: TestDatabase = {
    name,
    url: url.href,
    superuserUrl,
    async drop() {
      const last = connect(server);
      try {
        await last.script(`drop database if exists ${name} with (force)`);
        await last.script(`drop role if exists ${name}`);
      } finally {
        await last.close();
      }
    },
  };
  if (options.sql !== undefined) {
    const client = connect(superuserUrl);
    try {
      await client.script(options.sql);
    } catch (error) {
      await client.close();
      await database.drop();
      throw error;
    }
    await client.close();
  }
  return database;
}

function onDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}
