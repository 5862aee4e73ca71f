/** A throw-away PostgreSQL that holds PostgREST's own test fixtures. */
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { createPool, type Pool, quoteIdentifier, quoteLiteral } from '@peakstone/kernel/pg';
import { startTestServer } from '@peakstone/testing';
import { withoutPostgis } from './geometry.ts';
import { readScript } from './psqlScript.ts';

export interface Fixtures {
  /** As the authenticator role, which may become the roles of the fixtures and nothing else. */
  readonly url: string;
  stop(): Promise<void>;
}

const AUTHENTICATOR = 'Postgrest_Test_Authenticator';
const DATABASE = 'conformance';

/** Starts the server and loads `test/spec/fixtures` of the checkout. @throws {Error} naming the file that failed. */
export async function loadFixtures(postgrest: string): Promise<Fixtures> {
  const server = await startTestServer({ durable: false });
  try {
    const password = randomBytes(16).toString('hex');
    const admin = createPool({ url: server.url, size: 1, sharedSize: 0 });
    await admin.script(`create database ${DATABASE} template template0 encoding 'UTF8' locale 'C'`);
    await settle(admin);
    await admin.script(
      `create role "${AUTHENTICATOR}" login noinherit nocreatedb nocreaterole nosuperuser noreplication password '${password}'`,
    );
    await admin.close();
    const url = new URL(server.url);
    url.pathname = `/${DATABASE}`;
    await loadScripts(url.href, path.join(postgrest, 'test/spec/fixtures/load.sql'), server.dataDir);
    return {
      url: `postgres://${AUTHENTICATOR}:${password}@127.0.0.1:${server.port}/${DATABASE}`,
      stop: () => server.stop(),
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** What the cases take for granted of a server: PostgreSQL's own planner settings, English, and query identifiers. */
async function settle(admin: Pool): Promise<void> {
  const tuned = await admin.query(
    `select name, boot_val from pg_settings
     where (category like 'Query Tuning%' or category like 'Resource Usage%')
       and setting is distinct from boot_val and context in ('user', 'superuser')
       and name <> 'max_stack_depth'`,
  );
  const settings = tuned.rows.map(([name, value]) => [String(name), String(value)] as const);
  const wanted = [
    ...settings,
    ['default_text_search_config', 'pg_catalog.english'],
    ['compute_query_id', 'on'],
  ] as const;
  for (const [name, value] of wanted) {
    await admin.script(`alter database ${DATABASE} set ${quoteIdentifier(name)} = ${quoteLiteral(value)}`);
  }
}

async function loadScripts(url: string, file: string, dataDir: string): Promise<void> {
  const scripts = readScript(file, {
    variables: { DBNAME: DATABASE, PGUSER: AUTHENTICATOR },
    // A file that the server writes and reads belongs where no other server is.
    rewrite: text => withoutPostgis(text).replaceAll("'/tmp/", `'${dataDir}/`),
  });
  const pool = createPool({ url, size: 1, sharedSize: 0 });
  try {
    for (const { file: name, sql } of scripts) {
      try {
        await pool.script(`set timezone to 'utc'; set search_path to public, test;\n${sql}`);
      } catch (cause) {
        throw new Error(`${path.basename(name)}: ${(cause as Error).message}`, { cause });
      }
    }
    await pool.script('vacuum analyze');
  } finally {
    await pool.close();
  }
}
