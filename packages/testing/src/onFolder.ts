import { connectionUrl, startServer, startSocketServer } from '@peakstone/database';

/** Whose a folder must be that a server shall run on. */
export { findServerUser } from '@peakstone/database';

/** A server that runs on a data folder which somebody else has made. */
export interface ServerOnFolder {
  /** The superuser's, by the private socket. */
  readonly url: string;
  stop(): Promise<void>;
}

interface FolderOptions {
  readonly onLog: (line: string) => void;
  readonly signal: AbortSignal;
}

const how = {
  durable: false,
  superuser: 'postgres',
  binaries: 'embedded',
  adopt: true,
  machine: { memoryBytes: 1024 ** 3, cpus: 2 },
} as const;

/**
 * Starts a server on a folder, such as a restored one, without fsync, to look at it: it does nothing by itself. Resolves when it takes
 * connections. The caller must `stop()` it.
 */
export async function startOnFolder(
  dataDir: string,
  { onLog, signal }: FolderOptions,
): Promise<ServerOnFolder> {
  const { server, url } = await startSocketServer({ ...how, dataDir, onLog }, signal);
  return { url: url(), stop: () => server.stop() };
}

/** The same to go on with what is there, as a stack does: it is received from and backed up. */
export async function goOnFolder(dataDir: string, { onLog, signal }: FolderOptions): Promise<ServerOnFolder> {
  const place = { database: 'postgres', port: { port: 0, fixed: false }, listenAddresses: '' };
  const server = await startServer({ ...how, ...place, dataDir, onLog }, signal);
  const socket = { host: server.socketDir, port: server.port };
  return { url: connectionUrl(socket, 'postgres', 'postgres'), stop: () => server.stop() };
}
