/** A server that is backed up, a store, and restores of it: what tests of backups share. */
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { withLogin } from '@peakstone/kernel/pg';
import {
  connect,
  findServerUser,
  type SqlClient,
  startOnFolder,
  startTestServer,
  type TestServer,
  until,
} from '@peakstone/testing';
import {
  type Backup,
  type BackupEvent,
  backupSlot,
  createBackup,
  createKeyring,
  findVaults,
  type Keyring,
  openStore,
  parseTarget,
  type Restored,
  type RestoreOptions,
  restoreBackup,
  type StartRestored,
  type Store,
  type TargetTexts,
  type Writer,
} from '../src/index.ts';
import type { HeldVault, Vault } from '../src/vault.ts';
import { type ReceiveProgress, receiveWal } from '../src/wal/receive.ts';

export interface Receiving {
  readonly progress: ReceiveProgress | undefined;
  readonly events: readonly BackupEvent[];
  /** Resolves when all that the server has written by now is stored, and the store knows until when that covers. */
  caughtUp(): Promise<void>;
  stop(): Promise<void>;
}

export interface RestoreRequest extends TargetTexts {
  readonly backup?: string;
  readonly timeline?: number;
}

export interface Lab {
  readonly server: TestServer;
  readonly sql: SqlClient;
  /** Of the role of backups. */
  readonly url: string;
  readonly store: Store;
  readonly writer: Writer;
  readonly keys: Keyring;
  readonly folder: string;
  readonly start: StartRestored;
  readonly owner: RestoreOptions['owner'];
  vault(): Promise<HeldVault>;
  backUp(kind?: 'full' | 'incremental' | 'auto'): Promise<Backup>;
  receive(options?: { readonly everyMs?: number; readonly vault?: HeldVault }): Promise<Receiving>;
  /** Restores, and asks the restored database. */
  restore(
    request: RestoreRequest,
    query: string,
    onEvent?: (event: BackupEvent) => void,
  ): Promise<{ readonly rows: string[]; readonly restored: Restored; readonly into: string }>;
  /** The server's clock, which recovery goes by. */
  now(): Promise<Date>;
  close(): Promise<void>;
}

/** Of one that nobody else writes. */
export function held(vault: Vault): HeldVault {
  return vault.heldBy(async () => undefined);
}

export async function openLab(
  options: {
    readonly keys?: Keyring;
    readonly store?: (folder: string) => Store;
    readonly sql?: string;
  } = {},
): Promise<Lab> {
  const server = await startTestServer({ maxConnections: 40 });
  const folder = mkdtempSync(path.join(tmpdir(), 'peakstone-backup-'));
  // The server's user passes through to restored folders.
  chmodSync(folder, 0o711);
  const sql = connect(server.url);
  await sql.script(`create role db_backup login replication noinherit password 'of-backups'`);
  await sql.script('create table ledger (id bigint primary key, note text); create extension amcheck');
  if (options.sql) await sql.script(options.sql);
  const url = withLogin(server.url, 'db_backup', 'of-backups');
  const owner = findServerUser(statSync(server.dataDir).uid);
  const keys = options.keys ?? createKeyring([], false);
  const store = options.store?.(folder) ?? openStore({ kind: 'folder', folder: path.join(folder, 'store') });
  const start = startOnFolder;
  const writer: Writer = { id: 'lab', host: 'here', folder: 'lab' };
  const { signal } = new AbortController();
  const lab: Lab = {
    ...{ server, sql, url, store, writer, keys, folder, start, owner },
    async vault() {
      const [vault] = await findVaults(store, keys);
      return (vault && held(vault))!;
    },
    backUp: (kind = 'full') =>
      createBackup({ url, store, writer, keys, kind, slot: backupSlot, onEvent: () => undefined, signal }),
    receive: ({ everyMs = 200, vault } = {}) => receiveFrom(lab, everyMs, vault),
    async restore({ backup, timeline, ...texts }, query, onEvent = () => undefined) {
      const into = path.join(folder, `restored-${randomBytes(4).toString('hex')}`);
      let rows: string[] = [];
      const restored = await restoreBackup({
        vault: await lab.vault(),
        ...{ into, owner, start, backup, timeline, signal },
        target: parseTarget(texts),
        onEvent,
        inspect: async ({ url: at }) => {
          const client = connect(at);
          try {
            rows = (await client.query(query)).map(row => row.join(' '));
          } finally {
            await client.close();
          }
        },
      });
      return { rows, restored, into };
    },
    async now() {
      // Told in milliseconds, of which one that has begun counts for nothing: what was committed before is before it.
      const [row] = await sql.query(
        `select to_json(clock_timestamp() at time zone 'utc') #>> '{}' from pg_sleep(0.002)`,
      );
      return new Date(`${row![0]}Z`);
    },
    async close() {
      await sql.close();
      await server.stop();
      rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
    },
  };
  return lab;
}

/** Receives the WAL of a lab's server, or of another one by its URL and clock. */
export async function receiveFrom(lab: Lab, everyMs: number, given?: HeldVault): Promise<Receiving> {
  const stopping = new AbortController();
  const events: BackupEvent[] = [];
  let progress: ReceiveProgress | undefined;
  let failure: unknown;
  const vault = given ?? (await lab.vault());
  const done = receiveWal({
    ...{ url: lab.url, vault, everyMs, signal: stopping.signal },
    slot: { name: backupSlot, temporary: false },
    onEvent: event => events.push(event),
    onProgress: at => {
      progress = at;
    },
  }).catch(error => {
    failure = error;
  });
  const assertWell = (): void => {
    if (failure !== undefined) throw failure;
  };
  return {
    get progress() {
      return progress;
    },
    events,
    async caughtUp() {
      const since = await lab.now();
      await until(() => {
        assertWell();
        return (progress?.coveredUntil?.getTime() ?? 0) > since.getTime();
      });
    },
    async stop() {
      stopping.abort();
      await done;
      assertWell();
    },
  };
}
