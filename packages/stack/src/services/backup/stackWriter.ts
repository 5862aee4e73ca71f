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
import type { StorePlace, Writer, WrittenPlaces } from '@peakstone/backup';
import type { EnvValues } from '../../project/envFile.ts';

/** Kept in the stack's folder, bound to where it lies: a copied one is not taken for the original. */
interface Identity {
  readonly id: string;
  readonly machine: string;
  readonly inode: string;
  readonly folder: string;
  /** Where it has written; absent in those of earlier versions. */
  readonly written?: readonly Written[];
}

/** Backups of a cluster, in a place. */
export interface Written {
  readonly place: string;
  readonly cluster: string;
}

/** Places that it is remembered for, newest last. */
const keptPlaces = 32;

/** The service in a container keeps it in its volume. @param home the stack's folder */
export function stackWriter(
  env: EnvValues,
  place: StorePlace,
  home = resolve('.peakstone'),
): Writer & { readonly places: WrittenPlaces } {
  const folder = resolve(env.PEAKSTONE_BACKUP_HOME || home);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const real = realpathSync(folder);
  const file = join(real, 'backup-writer.json');
  const found = readIdentity(file);
  const id = found && isInPlace(found, file, real) ? found.id : makeIdentity(file, real);
  return {
    id,
    host: hostname(),
    folder: real,
    ownsPlace: isWithin(place, real),
    places: placesIn(file, id, real),
  };
}

/** Where the stack of this folder has written backups, and of which clusters; newest last. */
export function writtenPlaces(home: string): readonly Written[] {
  return readIdentity(join(home, 'backup-writer.json'))?.written ?? [];
}

/** Read anew each time, as commands and the service write it. */
function placesIn(file: string, id: string, folder: string): WrittenPlaces {
  const read = (): readonly Written[] => {
    const found = readIdentity(file);
    return found?.id === id ? (found.written ?? []) : [];
  };
  const others = (place: string, cluster: string): readonly Written[] =>
    read().filter(each => each.place !== place || each.cluster !== cluster);
  return {
    clusters: place => read().flatMap(each => (each.place === place ? [each.cluster] : [])),
    add: (place, cluster) =>
      writeIdentity(file, folder, id, [...others(place, cluster), { place, cluster }].slice(-keptPlaces)),
    remove: (place, cluster) => writeIdentity(file, folder, id, others(place, cluster)),
  };
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
  writeIdentity(file, folder, id, []);
  return id;
}

function writeIdentity(file: string, folder: string, id: string, written: readonly Written[]): void {
  const draft = `${file}.${process.pid}`;
  const handle = openSync(draft, 'w', 0o600);
  try {
    const inode = String(fstatSync(handle, { bigint: true }).ino);
    const identity: Identity = { id, machine: machineId(), inode, folder, written };
    writeSync(handle, `${JSON.stringify(identity)}\n`);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(draft, file);
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
