import { createHash, randomBytes } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readlinkSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { DatabaseError, systemCode } from '../errors.ts';
import { canReach, type RunUser } from '../host/user.ts';
import { ensurePrivate } from '../private.ts';

/** Where root keeps what must lie outside a project that the server's user cannot enter. */
export const SYSTEM_DATA = '/var/lib/peakstone';

/**
 * The folder that shall really hold the data. A project under a closed folder (such as /root) cannot be entered by the
 * unprivileged user that root drops to: the data then goes to /var/lib/peakstone, and `dataDir` becomes a link to it.
 */
export function resolveDataDir(dataDir: string, user: RunUser, notice: (text: string) => void): string {
  const found = lstatSync(dataDir, { throwIfNoEntry: false });
  if (found !== undefined) return found.isSymbolicLink() ? followDataLink(dataDir) : realpathSync(dataDir);
  mkdirSync(path.dirname(dataDir), { recursive: true });
  const parent = realpathSync(path.dirname(dataDir));
  if (canReach(parent, user)) return path.join(parent, path.basename(dataDir));

  const project = path
    .basename(path.dirname(parent))
    .replaceAll(/[^A-Za-z0-9._-]/g, '_')
    .slice(0, 32);
  const home = path.join(SYSTEM_DATA, `${project}-${randomBytes(4).toString('hex')}`);
  // The server's user must get through.
  for (const folder of [SYSTEM_DATA, home]) ensurePrivate(folder, { mode: 0o711 });
  writeFileSync(path.join(home, 'linked-from'), `${dataDir}\n`);
  const real = path.join(home, 'postgres');
  symlinkSync(real, dataDir);
  notice(
    `${user.name ?? user.uid} cannot enter ${parent}: the data is kept in ${real}, and ${dataDir} links to it.`,
  );
  return real;
}

/** A link of ours may lead to a folder that a start was killed before making; any other must lead somewhere. */
function followDataLink(link: string): string {
  try {
    return realpathSync(link);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    const target = path.resolve(path.dirname(link), readlinkSync(link));
    if (path.dirname(path.dirname(target)) === SYSTEM_DATA && existsSync(path.dirname(target))) return target;
    throw new DatabaseError(
      'NOT_A_DATA_FOLDER',
      `${link} is a link to ${target}, which is not there.`,
      'Mount or restore what it points to, or remove the link to start with an empty database.',
      error,
    );
  }
}

/** sun_path holds 108 bytes with its terminator on Linux, 104 on macOS; the name is `.s.PGSQL.` and the port. */
const MAX_SOCKET_DIR_BYTES = (process.platform === 'darwin' ? 103 : 107) - '/.s.PGSQL.65535'.length;

/**
 * A folder for the socket that only the server's user (and root) may enter: `run` beside the data, or, where that path
 * is too long for a socket, one of its own in the temporary folder.
 * @throws {DatabaseError} PERMISSION_DENIED when somebody else has prepared the name.
 */
export function prepareSocketDir(dataDir: string, user: RunUser): string {
  const beside = path.join(path.dirname(dataDir), 'run');
  const hash = createHash('sha256').update(dataDir).digest('hex').slice(0, 16);
  const folder =
    Buffer.byteLength(beside) <= MAX_SOCKET_DIR_BYTES ? beside : `/tmp/peakstone-${user.uid}-${hash}`;
  // Beside the data, what is above it is as safe as the data are.
  return ensurePrivate(folder, { owner: user, ...(folder === beside && { within: path.dirname(folder) }) });
}

/** The port to serve on. `fixed`: exactly this one, or not at all. 0: any free one. */
export interface PortChoice {
  readonly port: number;
  readonly fixed: boolean;
}

/** How far from the wanted port a free one is looked for. */
const PORT_TRIES = 100;

/**
 * The wanted port, or when it is not fixed and taken, the next free one.
 * @throws {DatabaseError} PORT_IN_USE
 */
export async function choosePort(
  choice: PortChoice,
  address: string,
  notice: (text: string) => void,
): Promise<number> {
  if (choice.port === 0) return (await probe(0, address)) as number;
  const last = choice.fixed ? choice.port : Math.min(choice.port + PORT_TRIES, 65_535);
  for (let port = choice.port; port <= last; port++) {
    if ((await probe(port, address)) === undefined) continue;
    if (port !== choice.port) notice(`Port ${choice.port} is taken: PostgreSQL listens on ${port}.`);
    return port;
  }
  throw new DatabaseError(
    'PORT_IN_USE',
    choice.fixed ? `Port ${choice.port} is taken.` : `Ports ${choice.port} to ${last} are taken.`,
    'Stop what listens there (ss -ltnp shows it), or choose another port (POSTGRES_PORT).',
  );
}

/** The port when it can be bound now; undefined when it is taken. */
function probe(port: number, address: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', error => {
      if (systemCode(error) === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    server.listen({ port, host: address, exclusive: true }, () => {
      const bound = server.address();
      server.close(() => resolve(bound !== null && typeof bound === 'object' ? bound.port : undefined));
    });
  });
}
