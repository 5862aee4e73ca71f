/** Which stack on which machine this is: what tells it from a copy of it, which would write into the same backups. */
import { randomUUID } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import type { StorePlace, Writer } from '@peakstone/backup';
import type { EnvValues } from '../../project/envFile.ts';

/** Kept in the stack's folder, bound to where it lies: a copied one is not taken for the original. */
interface Identity {
  readonly id: string;
  readonly machine: string;
  readonly inode: string;
  readonly folder: string;
}

/** The service in a container keeps it in its volume. @param home the stack's folder */
export function stackWriter(env: EnvValues, place: StorePlace, home = resolve('.peakstone')): Writer {
  const folder = resolve(env.PEAKSTONE_BACKUP_HOME || home);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const real = realpathSync(folder);
  const file = join(real, 'backup-writer.json');
  const found = readIdentity(file);
  const id = found && isInPlace(found, file, real) ? found.id : makeIdentity(file, real);
  return { id, host: hostname(), folder: real, ownsPlace: isWithin(place, real) };
}

/** Not by a link or a mount of what lies elsewhere: that is there for others as well. */
function isWithin(place: StorePlace, folder: string): boolean {
  if (place.kind !== 'folder' || !existsSync(place.folder)) return false;
  const real = realpathSync(place.folder);
  return (real === folder || real.startsWith(`${folder}/`)) && statSync(real).dev === statSync(folder).dev;
}

function readIdentity(file: string): Identity | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Identity;
  } catch (error) {
    // Cut off by a full disk, it is none; the store knows who wrote there and asks.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Moved with its folder on one machine it stays what it is, and so it does in its place when a file system counts anew. */
function isInPlace({ machine, inode, folder }: Identity, file: string, place: string): boolean {
  if (machine !== machineId()) return false;
  return inode === String(statSync(file, { bigint: true }).ino) || (machine !== '' && folder === place);
}

function makeIdentity(file: string, folder: string): string {
  const id = randomUUID();
  const draft = `${file}.${process.pid}`;
  const handle = openSync(draft, 'w', 0o600);
  try {
    const inode = String(fstatSync(handle, { bigint: true }).ino);
    const identity: Identity = { id, machine: machineId(), inode, folder };
    writeSync(handle, `${JSON.stringify(identity)}\n`);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(draft, file);
  return id;
}

/** Made when the system is installed; empty where there is none, as in containers. */
function machineId(): string {
  for (const file of ['/etc/machine-id', '/var/lib/dbus/machine-id']) {
    try {
      return readFileSync(file, 'utf8').trim();
    } catch {
      // The other one, or none.
    }
  }
  return process.platform === 'darwin' ? hostname() : '';
}
