/** A server with a database of its own, and clients of Supabase Storage. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { signJwt } from '@peakstone/kernel/jwt';
import { createPool } from '@peakstone/kernel/pg';
import { type TestDatabase, testDatabase } from '@peakstone/testing';
import { createClient, type SupabaseClient } from '@supabase/supabase-js';
import { readStorageConfig } from '../../src/config.ts';
import type { StorageEvent } from '../../src/events.ts';
import { type StorageDeps, type StorageService, storageService } from '../../src/service.ts';
import { readSupabaseConfig } from '../../src/supabase/config.ts';
import { type Answer, type Call, callServer } from './server.ts';

export const jwtSecret = 'a secret of at least thirty-two characters';

export function token(role: string, claims: Readonly<Record<string, unknown>> = {}): string {
  return signJwt({ role, exp: Math.floor(Date.now() / 1000) + 3600, ...claims }, jwtSecret);
}

export const serviceKey = token('service_role');
export const anonKey = token('anon');

export interface SupabaseServer {
  readonly database: TestDatabase;
  readonly folder: string;
  readonly events: readonly StorageEvent[];
  /** Where S3 answers, and the API below `/v1`. */
  readonly url: string;
  /** As supabase-js reaches it. */
  client(key?: string): SupabaseClient;
  /** Whatever a client would not send. */
  ask(method: string, place: string, init?: Ask): Promise<Response>;
  /** Through the other door. */
  s3(call: Call): Promise<Answer>;
  /** As the superuser, in a session of its own; the only column of the last statement's rows. */
  sql(text: string): Promise<(string | null)[]>;
  restart(): Promise<void>;
  /** @param keepsFolder for another to open */
  stop(keepsFolder?: boolean): Promise<void>;
}

export interface Ask {
  readonly key?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: RequestInit['body'];
}

export async function startSupabase(
  env: Readonly<Record<string, string>> = {},
  deps: Pick<StorageDeps, 'render'> = {},
  given?: string,
): Promise<SupabaseServer> {
  const database = await testDatabase({ bootstrap: true });
  const folder = given ?? (await mkdtemp(path.join(tmpdir(), 'peakstone-storage-')));
  const events: StorageEvent[] = [];
  const settings = {
    JWT_SECRET: jwtSecret,
    PEAKSTONE_STORAGE_DB_URI: database.roleUrl('db_authenticator'),
    ...env,
  };
  const start = (): Promise<StorageService> =>
    storageService.start(
      {
        settings: readStorageConfig(settings),
        supabase: readSupabaseConfig(settings),
        folder,
        host: '127.0.0.1',
        port: 0,
      },
      { emit: event => events.push(event), ...deps },
      new AbortController().signal,
    );
  let service = await start();
  return {
    database,
    folder,
    events,
    get url() {
      return service.address;
    },
    client: (key = serviceKey) =>
      createClient(service.address, key, {
        auth: { persistSession: false, autoRefreshToken: false },
        // The gateway serves it under /storage/v1.
        global: { fetch: (to, init) => fetch(String(to).replace('/storage/v1', '/v1'), init) },
      }),
    ask: (method, place, { key = serviceKey, headers = {}, body } = {}) =>
      fetch(`${service.address}/v1/${place}`, {
        method,
        headers: { ...(key === null ? {} : { authorization: `Bearer ${key}` }), ...headers },
        ...(body === undefined ? {} : { body }),
      }),
    s3: call => callServer(service.address, call),
    async sql(text) {
      const admin = createPool({ url: database.superuserUrl, size: 1 });
      try {
        const results = await admin.script(text);
        return results.at(-1)!.rows.map(([cell]) => cell?.toString() ?? null);
      } finally {
        await admin.close();
      }
    },
    async restart() {
      await service.stop();
      service = await start();
    },
    async stop(keepsFolder = false) {
      await service.stop();
      await database.drop();
      if (!keepsFolder) await rm(folder, { recursive: true, force: true });
    },
  };
}
