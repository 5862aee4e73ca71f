/** A server for one class of cases: fresh databases, the class's environment, stubs beside it. */
import { createPool, type Pool, withLogin } from '@peakstone/kernel/pg';
import { graphqlService } from '../../../packages/graphql/src/service.ts';
import type { Case } from './cases.ts';
import { postgisStandIn } from './postgis.ts';
import { type Stubs, startStubs } from './stubs/index.ts';

export interface Served {
  readonly url: string;
  readonly adminSecret: string | null;
  /** As the owner of the databases, a superuser. */
  owner(source: string): Pool;
  readonly stubs: Stubs;
  /** Its cases know the secret: where the recording has none of it, it is meant. */
  readonly tellsSecret: boolean;
  /** Its cases are for the webhook, so that the secret is not added. */
  readonly asksWebhook: boolean;
  stop(): Promise<void>;
}

export interface ServeOptions {
  readonly group: readonly Case[];
  /** All that its cases say, set-ups included: what they name is started. */
  readonly text: string;
  /** The cluster, as its superuser. */
  readonly serverUrl: string;
  readonly env: Readonly<Record<string, string>>;
  readonly adminSecret: boolean;
  readonly hasPostgis: boolean;
  /** Databases beside the default one. */
  readonly extraSources: readonly string[];
  /** Types and functions by PostGIS' names, where it is not there: for cases that only have them around. */
  readonly standsIn: boolean;
}

function databaseOf(prefix: string, name: string): string {
  return `${prefix}_${name.replace(/\W/g, '_').toLowerCase()}`;
}

/** Sources of the cases' own are named by the variable that holds their URL. */
function variableOf(name: string): string {
  return name.startsWith('HASURA_GRAPHQL_') ? name : `${name.toUpperCase()}_URL`;
}

const secret = 'the-admin-secret-of-the-cases';
let made = 0;

export async function serve({
  group,
  text,
  serverUrl,
  env,
  adminSecret,
  hasPostgis,
  extraSources,
  standsIn,
}: ServeOptions): Promise<Served> {
  const admin = createPool({ url: serverUrl, size: 1, sharedSize: 0 });
  const prefix = `hge_${process.pid}_${++made}`;
  const role = `${prefix}_role`;
  await admin.script(`create role ${role} login password '${role}'`);
  const names = ['default', 'metadata', ...extraSources];
  const owners = new Map<string, Pool>();
  const urls = new Map<string, string>();
  for (const name of names) {
    const database = databaseOf(prefix, name);
    await admin.script(`create database ${database}`);
    const url = new URL(serverUrl);
    url.pathname = `/${database}`;
    const owner = createPool({ url: url.href, size: 2, sharedSize: 0 });
    owners.set(name, owner);
    await owner.script(
      `create extension if not exists citext; create extension if not exists ltree; create extension if not exists pgcrypto;
       ${hasPostgis ? 'create extension if not exists postgis; create extension if not exists postgis_raster;' : ''}
       grant all on database ${database} to ${role}; grant all on schema public to ${role}; alter schema public owner to ${role};
       ${name === 'postgres' ? '' : `create schema hge_tests authorization ${role};`}
       alter database ${database} set timezone to 'UTC'`,
    );
    if (standsIn) await owner.script(postgisStandIn);
    urls.set(name, withLogin(url.href, role, role));
  }
  let url = '';
  const stubs = await startStubs(group, text, async (query, variables) => {
    const response = await fetch(`${url}/v1/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(adminSecret && { 'x-hasura-admin-secret': secret }),
      },
      body: JSON.stringify({ query, variables }),
    });
    return await response.json();
  });
  const config = graphqlService.config({
    HASURA_GRAPHQL_DATABASE_URL: urls.get('default')!,
    HASURA_GRAPHQL_METADATA_DATABASE_URL: urls.get('metadata')!,
    HASURA_GRAPHQL_STRINGIFY_NUMERIC_TYPES: 'true',
    HASURA_GRAPHQL_PG_CONNECTIONS: '4',
    HASURA_GRAPHQL_ENABLED_LOG_TYPES: 'startup',
    EVENT_WEBHOOK_HEADER: 'MyEnvValue',
    ...Object.fromEntries(extraSources.map(name => [variableOf(name), urls.get(name)!])),
    ...(adminSecret && { HASURA_GRAPHQL_ADMIN_SECRET: secret }),
    HASURA_GRAPHQL_SERVER_HOST: '127.0.0.1',
    HASURA_GRAPHQL_SERVER_PORT: '0',
    ...stubs.env,
    ...env,
  });
  const service = await graphqlService.start(
    config,
    { out: text => process.stderr.write(text) },
    new AbortController().signal,
  );
  url = `http://127.0.0.1:${service.port}`;
  return {
    url,
    stubs,
    tellsSecret: group.some(({ fixtures }) => fixtures.includes('hge_key')),
    asksWebhook: group.some(({ fixtures }) => fixtures.includes('auth_hook')),
    adminSecret: adminSecret ? secret : null,
    owner: source => owners.get(source) ?? owners.get('default')!,
    async stop() {
      await stubs.stop();
      await service.stop();
      await Promise.all([...owners.values()].map(pool => pool.close(0)));
      for (const name of names) await admin.script(`drop database ${databaseOf(prefix, name)} with (force)`);
      await admin.script(`drop role ${role}`);
      await admin.close(0);
    },
  };
}
