import { lstatSync, realpathSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import path from 'node:path';
import { cacheFolder } from '@peakstone/kernel/private';
import { isAlive } from '@peakstone/kernel/process';
import type { Binaries } from '../binaries/binaries.ts';
import { type BinariesChoice, findBinaries } from '../binaries/find.ts';
import { DatabaseError, explainSystemError } from '../errors.ts';
import { writeFilesAs } from '../host/asUser.ts';
import { type RunUser, resolveRunUser } from '../host/user.ts';
import { HBA, IDENT, renderHba, renderIdent } from './access.ts';
import { claimDataFolder } from './claim.ts';
import { createCluster } from './cluster.ts';
import { inspectDataFolder, ownerOf } from './folder.ts';
import { prepareSocketDir, resolveDataDir } from './places.ts';
import { choosePort, type PortChoice } from './ports.ts';
import { type Postmaster, spawnPostmaster, stopPostmaster, waitUntilReady } from './postmaster.ts';
import { locateDataFolder } from './remove.ts';
import {
  installedPreload,
  type Machine,
  planSettings,
  renderSettings,
  sessionMemoryBytes,
} from './settings.ts';
import { freeDataFolder, ownerRecord, RECORD } from './takeover.ts';

export interface StartOptions {
  /** Made when it is absent or empty, unless it shall be there. */
  readonly dataDir: string;
  /** It was there: moved or removed since, it must not get a new database, be it half removed by now. Default false. */
  readonly mustExist?: boolean;
  readonly binaries: BinariesChoice;
  readonly superuser: string;
  /** The application's database, for pg_cron's setting. It is not made here. */
  readonly database: string;
  readonly port: PortChoice;
  /** As PostgreSQL's setting of that name: `127.0.0.1`, or `*` in a container. */
  readonly listenAddresses?: string;
  /** Networks beyond this machine whose clients may log in, in CIDR form. */
  readonly networks?: readonly string[];
  readonly maxConnections?: number;
  /** Memory of one session, beside what all share; 0 for any. Default by the machine's. */
  readonly sessionMemoryBytes?: number;
  readonly timezone?: string;
  /** Run a PostgreSQL 17 data folder that we did not make. */
  readonly adopt?: boolean;
  /** False: no fsync, for throw-away servers only. */
  readonly durable?: boolean;
  /** Of postgresql.conf, by name: more than PeakStone chooses, or in its place. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Above all others, those of the data folder included, which may be somebody else's: who may connect is ours to say as well then. */
  readonly overriding?: Readonly<Record<string, string>>;
  /** Where templates and copied programs are kept; `null` keeps none, so that every new cluster is initdb's. */
  readonly cacheDir?: string | null;
  readonly machine?: Machine;
  /** How long recovery after a crash may take. Default 10 minutes. */
  readonly startTimeoutMs?: number;
  /** Each line of the server's log. */
  readonly onLog?: (line: string) => void;
  /** What an operator should know, in a sentence. */
  readonly notice?: (text: string) => void;
}

/** A PostgreSQL server that this process started and owns. */
export interface Server {
  readonly binaries: Binaries;
  readonly user: RunUser;
  readonly dataDir: string;
  readonly socketDir: string;
  readonly port: number;
  readonly superuser: string;
  readonly postmaster: Postmaster;
  /** Fast shutdown; immediate after `graceMs` (default 60 000). Safe to call twice, and after a crash. */
  stop(graceMs?: number): Promise<void>;
}

/** Between a port found free and PostgreSQL binding it, another program may take it. */
const BIND_TRIES = 3;

/**
 * Starts PostgreSQL on a data folder, making the folder first when there is none, and recovering by itself from what a
 * crash or a kill left behind.
 * @throws {DatabaseError} with what to do.
 */
export async function startServer(options: StartOptions, signal: AbortSignal): Promise<Server> {
  const wanted = path.resolve(options.dataDir);
  try {
    return await prepareAndLaunch(options, wanted, signal);
  } catch (error) {
    throw explainSystemError(error, wanted);
  }
}

async function prepareAndLaunch(options: StartOptions, wanted: string, signal: AbortSignal): Promise<Server> {
  const notice = options.notice ?? (() => {});
  if (options.mustExist && locateDataFolder(wanted) === null) throw dataGone(wanted);
  const user = resolveRunUser(ownerOf(wanted), notice);
  const dataDir = await resolveDataDir(wanted, user, notice);
  const folder = inspectDataFolder(dataDir, options.adopt ?? false);
  claimDataFolder(dataDir, folder, user, notice);
  const cacheDir = options.cacheDir === null ? undefined : (options.cacheDir ?? cacheFolder());
  const binaries = await findBinaries(options.binaries, user, cacheDir ?? cacheFolder(), notice);

  if (folder.kind === 'cluster') {
    const ours = await findOurs(dataDir, notice);
    if (ours !== undefined) return ours;
    await freeDataFolder(dataDir, notice);
  } else {
    if (options.mustExist) throw dataGone(dataDir);
    const durable = options.durable ?? true;
    await createCluster({ dataDir, binaries, user, superuser: options.superuser, cacheDir, durable, signal });
  }
  signal.throwIfAborted();
  const socketDir = await prepareSocketDir(realpathSync(dataDir), user, options.mustExist);
  if (socketDir === null) throw dataGone(dataDir);
  const listenAddresses = options.listenAddresses ?? '127.0.0.1';
  for (let attempt = 1; ; attempt++) {
    const port = await choosePort(options.port, bindAddress(listenAddresses), notice);
    try {
      return await launch(
        { ...options, listenAddresses },
        { binaries, user, dataDir, socketDir, port },
        signal,
      );
    } catch (error) {
      const taken = error instanceof DatabaseError && error.code === 'PORT_IN_USE';
      if (!taken || options.port.fixed || attempt === BIND_TRIES) throw error;
    }
  }
}

function dataGone(dataDir: string): DatabaseError {
  return new DatabaseError(
    'NOT_A_DATA_FOLDER',
    `The database is no longer in ${dataDir}.`,
    'Put the folder back; or stop the stack, and start it where the folder is now.',
  );
}

/** Servers of this process that have not ended, by data folder. */
const running = new Map<string, Server & { readonly stopping: boolean }>();

/** A server that this process already runs on the folder: it is taken as it is, but one that is being stopped is waited for. */
async function findOurs(dataDir: string, notice: (text: string) => void): Promise<Server | undefined> {
  const ours = running.get(realpathSync(dataDir));
  if (ours === undefined) return undefined;
  const { pid, exited } = ours.postmaster;
  const alive = isAlive(pid);
  if (alive && !ours.stopping) return ours;
  if (alive) notice(`PostgreSQL (process ${pid}) is still stopping; waiting for it.`);
  await exited;
  return undefined;
}

type Resolved = Pick<Server, 'binaries' | 'user' | 'dataDir' | 'socketDir' | 'port'>;

async function launch(
  options: StartOptions & { readonly listenAddresses: string },
  resolved: Resolved,
  signal: AbortSignal,
): Promise<Server> {
  const { dataDir, user, binaries, port } = resolved;
  await writeFilesAs(user, dataDir, {
    ...renderConfiguration(options, resolved),
    [RECORD]: ownerRecord(dataDir),
  });
  const postmaster = await spawnPostmaster({
    postgres: path.join(binaries.binDir, 'postgres'),
    dataDir,
    settings: {
      config_file: path.join(dataDir, 'peakstone.conf'),
      // A folder's own settings may name the one that it was copied from.
      data_directory: dataDir,
      ...(options.overriding && {
        hba_file: path.join(dataDir, HBA),
        ident_file: path.join(dataDir, IDENT),
        ...options.overriding,
      }),
    },
    user,
    processMemoryBytes: options.sessionMemoryBytes ?? sessionMemoryBytes(thisMachine()),
    onLog: options.onLog ?? (() => {}),
  });
  await waitUntilReady(postmaster, dataDir, options.startTimeoutMs ?? 600_000, signal);
  let stopping: Promise<void> | undefined;
  let hasExited = false;
  const folder = realpathSync(dataDir);
  postmaster.exited.then(() => {
    hasExited = true;
    running.delete(folder);
  });
  const server = {
    ...resolved,
    port,
    superuser: options.superuser,
    postmaster,
    get stopping() {
      return stopping !== undefined;
    },
    stop(graceMs = 60_000) {
      // Not after its exit: the id may be another process's by then.
      stopping ??= hasExited ? Promise.resolve() : stopPostmaster(postmaster.pid, graceMs);
      return stopping;
    },
  };
  if (!hasExited) running.set(folder, server);
  return server;
}

/** Files of the data folder, by name. */
function renderConfiguration(
  options: StartOptions & { readonly listenAddresses: string },
  { dataDir, user, binaries, socketDir, port }: Resolved,
): Readonly<Record<string, string>> {
  const planned = planSettings({
    machine: options.machine ?? thisMachine(),
    listenAddresses: options.listenAddresses,
    port,
    socketDir,
    database: options.database,
    preload: installedPreload(binaries.libraryDir),
    maxConnections: options.maxConnections ?? 100,
    durable: options.durable ?? true,
    timezone: options.timezone ?? 'UTC',
  });
  const settings = new Map([...planned, ...Object.entries(options.settings ?? {})]);
  const access = {
    superuser: options.superuser,
    systemUsers: [...new Set([ownAccount(), user.name])].filter(name => name !== undefined),
    networks: options.networks ?? [],
    hasUserRules:
      options.overriding === undefined &&
      lstatSync(path.join(dataDir, 'pg_hba.user.conf'), { throwIfNoEntry: false }) !== undefined,
  };
  return {
    [HBA]: renderHba(access),
    [IDENT]: renderIdent(access),
    'peakstone.conf': renderSettings(settings, dataDir),
  };

  function ownAccount(): string | undefined {
    return user.dropped ? 'root' : user.name;
  }
}

function thisMachine(): Machine {
  // 0 where no container limits it.
  const limit = process.constrainedMemory();
  const memoryBytes = limit > 0 ? Math.min(limit, totalmem()) : totalmem();
  return { memoryBytes, cpus: availableParallelism() };
}

function bindAddress(listenAddresses: string): string {
  const [first] = listenAddresses.split(',').map(address => address.trim());
  return first === undefined || first === '*' || first === '' ? '0.0.0.0' : first;
}
