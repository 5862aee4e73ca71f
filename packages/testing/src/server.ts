import { connectionUrl, makeThrowawayFolder, type Server, startServer } from '@peakstone/database';
import { reservePorts } from './ports.ts';

export interface TestServerOptions {
  /** False skips fsync: only where nothing about durability is tested. Default true. */
  readonly durable?: boolean;
  readonly maxConnections?: number;
  readonly superuser?: string;
  /** What one session may take. Default: as a stack on a machine of 1 GB. */
  readonly sessionMemoryBytes?: number;
  /** Each line of the server's log. */
  readonly onLog?: (line: string) => void;
}

/** A throw-away PostgreSQL 17 of a test's own, in a temporary folder. */
export interface TestServer {
  /** The superuser's database, through the private socket, without a password. */
  readonly url: string;
  readonly dataDir: string;
  /** Stays the same through restarts: nobody else gets it while the server is down. */
  readonly port: number;
  readonly socketDir: string;
  readonly server: Server;
  /** Fast shutdown, and removes the folder. */
  stop(): Promise<void>;
  /** Kills the postmaster with SIGKILL; its folder stays. */
  kill9(): Promise<void>;
  /** Starts on the same folder and port, stopping the server first when it runs. */
  restart(): Promise<void>;
}

/** Starts a server that the caller must `stop()`; one that is left running ends with this process. */
export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const port = await reservePorts();
  const folder = makeThrowawayFolder();
  const { dataDir } = folder;
  const superuser = options.superuser ?? 'postgres';
  const start = () =>
    startServer(
      {
        dataDir,
        binaries: 'embedded',
        superuser,
        database: 'postgres',
        port: { port, fixed: true },
        durable: options.durable ?? true,
        maxConnections: options.maxConnections ?? 100,
        machine: { memoryBytes: 1024 ** 3, cpus: 2 },
        ...(options.sessionMemoryBytes ? { sessionMemoryBytes: options.sessionMemoryBytes } : {}),
        ...(options.onLog ? { onLog: options.onLog } : {}),
      },
      new AbortController().signal,
    );
  let server: Server;
  try {
    server = await start();
  } catch (error) {
    await folder.remove();
    throw error;
  }
  const { socketDir } = server;
  return {
    url: connectionUrl({ host: socketDir, port }, 'postgres', superuser),
    dataDir,
    port,
    socketDir,
    get server() {
      return server;
    },
    async stop() {
      await server.stop();
      // After a kill -9 its orphans may still be writing their last, for which removal waits.
      await folder.remove();
    },
    async kill9() {
      process.kill(server.postmaster.pid, 'SIGKILL');
      await server.postmaster.exited;
    },
    async restart() {
      await server.stop();
      server = await start();
    },
  };
}
