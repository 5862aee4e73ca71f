import { startSocketServer } from '@peakstone/database';

/** Whose a folder must be that a server shall run on. */
export { findServerUser } from '@peakstone/database';

/** A server that runs on a data folder which somebody else has made. */
export interface ServerOnFolder {
  /** The superuser's, by the private socket. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts a server on a folder, such as a restored one, without fsync; resolves when it takes connections. The caller must `stop()` it. */
export async function startOnFolder(
  dataDir: string,
  { onLog, signal }: { readonly onLog: (line: string) => void; readonly signal: AbortSignal },
): Promise<ServerOnFolder> {
  const { server, url } = await startSocketServer(
    {
      ...{ dataDir, onLog, durable: false, superuser: 'postgres' },
      binaries: 'embedded',
      adopt: true,
      machine: { memoryBytes: 1024 ** 3, cpus: 2 },
    },
    signal,
  );
  return { url: url(), stop: () => server.stop() };
}
