/** The API of Supabase Storage over a store: opened with it, closed before it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Handler } from '@peakstone/kernel/http';
import { announceFrom } from '../announce.ts';
import { createHandler } from '../edge/handler.ts';
import { Database } from '../records/database.ts';
import { startKeeper } from '../records/keeper.ts';
import { Records } from '../records/records.ts';
import type { Server } from '../server.ts';
import type { SupabaseConfig } from './config.ts';
import { createStorageApi } from './door.ts';
import type { Render } from './imageService.ts';
import { createS3Door } from './s3/door.ts';
import { Tokens } from './tokens.ts';

export interface Supabase {
  readonly records: Records;
  /** @param server with `records` */
  serve(server: Server): Handler;
  close(): Promise<void>;
}

/** Where it answers on the server's own port: too short to be a bucket's name. Behind the gateway it is `/storage/v1`. */
export const basePath = '/v1';
const s3Path = `${basePath}/s3`;

const sweepMs = 3_600_000;
/** Whoever deleted it is the database's to know. */
const rowGone = { principal: 'internal', address: '', userAgent: 'Internal: [Row]', requestId: '' };

/** From here on the store's changes are recorded. @throws {JwtKeyError} {ConnectionError} for settings that cannot be */
export function openSupabase(
  config: SupabaseConfig,
  { store, emit, ...announcer }: Pick<Server, 'store' | 'emit' | 'notifier' | 'config'>,
  render: Render | undefined,
): Supabase {
  const tokens = new Tokens(config.jwtSecret);
  const database = new Database(config.databaseUrl);
  const records = new Records(store, database, emit, (bucket, key) => {
    if (bucket.notification === undefined) return undefined;
    return (writes, row, isMarkerMade) => {
      const name = isMarkerMade ? 'ObjectRemoved:DeleteMarkerCreated' : 'ObjectRemoved:Delete';
      announceFrom(announcer, rowGone, bucket, key, name)?.(writes, row);
    };
  });
  store.objects.recordWith(records);
  const onFailure = (error: unknown): void => emit({ kind: 'backgroundFailed', error });
  const stopKeeping = startKeeper(records, onFailure);
  const stop = new AbortController();
  const sweep = async ({ signal }: AbortController): Promise<void> => {
    while (!signal.aborted) {
      await store.uploads.abortExpired(Date.now()).catch(onFailure);
      await sleep(sweepMs, undefined, { signal }).catch(() => undefined);
    }
  };
  const sweeping = sweep(stop);
  return {
    records,
    serve(server) {
      const { maxObjectBytes, resumableMs, uploadUrlSeconds } = config;
      const door = {
        server,
        store,
        database,
        records,
        tokens,
        render,
        maxObjectBytes,
        resumableMs,
        uploadUrlSeconds,
      };
      const api = createStorageApi(door, basePath);
      const s3 = createHandler(server, createS3Door(door, s3Path, config.anonKey));
      return request =>
        request.path === s3Path || request.path.startsWith(`${s3Path}/`) ? s3(request) : api(request);
    },
    async close() {
      stop.abort();
      await Promise.all([stopKeeping(), sweeping]);
      await database.close();
    },
  };
}
