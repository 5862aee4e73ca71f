/** Lays the files of backups out in a folder, each checked against what the server said of it. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, type FileHandle, lchown, lstat, mkdir, open, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { type Backup, filesOf, manifestName } from '../catalog/backups.ts';
import { BackupError } from '../errors.ts';
import { readParts } from '../parts/reader.ts';
import type { Vault } from '../vault.ts';
import type { ByteReader } from './byteReader.ts';
import { applyChanges, changedPath } from './incremental.ts';
import { type ManifestFile, parseManifest } from './manifest.ts';
import type { Owner } from './owner.ts';
import { readTar, type TarEntry } from './tar.ts';

export interface ExtractOptions {
  /** Empty, or holding what the backup stands on. */
  readonly folder: string;
  readonly onBytes: (bytes: number) => void;
}

const run = promisify(execFile);
const pieceBytes = 1024 * 1024;
const maxManifestBytes = 1024 * 1024 * 1024;

/** @throws {BackupError} MISSING, CORRUPT, KEY, STORE */
export async function extractBackup(vault: Vault, backup: Backup, options: ExtractOptions): Promise<void> {
  const kept = new Set<string>();
  await readFiles(vault, backup, options.onBytes, async entry => {
    const changed = changedPath(entry.path);
    const target = changed ?? entry.path;
    kept.add(target);
    if (entry.kind === 'folder') await makeFolder(target, options);
    else await writeEntry(entry, target, changed !== undefined, options);
  });
  // What the database had dropped by then.
  if (backup.parent !== null) await removeOthers(options.folder, '', kept);
}

/**
 * Reads all that a backup consists of, and holds it against the server's manifest.
 * @param take told of each entry, whose body it may read @throws {BackupError} MISSING, CORRUPT, KEY, STORE
 */
export async function readFiles(
  vault: Vault,
  backup: Backup,
  onBytes: (bytes: number) => void,
  take: (entry: TarEntry) => Promise<void>,
): Promise<void> {
  const expected = await readManifest(vault, backup);
  const missing = new Set(expected.keys());
  for await (const entry of readTar(readParts(vault, filesOf(backup)))) {
    const hash = createHash('sha256');
    entry.body.tap = bytes => {
      hash.update(bytes);
      onBytes(bytes.length);
    };
    await take(entry);
    if (entry.kind === 'folder') continue;
    // What nobody has read is looked at all the same.
    await entry.body.skip(entry.body.left);
    assertListed(backup, entry, hash.digest('hex'), expected.get(entry.path));
    missing.delete(entry.path);
  }
  const [lost] = missing;
  if (lost !== undefined) throw damaged(backup, lost, 'it is missing');
}

/** The manifest of a backup. @throws {BackupError} MISSING, CORRUPT */
async function readManifest(vault: Vault, backup: Backup): Promise<ReadonlyMap<string, ManifestFile>> {
  const bytes = await vault.read(manifestName(backup.id), maxManifestBytes);
  if (bytes === undefined)
    throw new BackupError(
      'MISSING',
      `Backup ${backup.id} is not whole: its manifest is not in ${vault.place}.`,
      'Restore from another one (peakstone backup list), and make a new full backup.',
    );
  return parseManifest(bytes);
}

async function makeFolder(relative: string, { folder }: ExtractOptions): Promise<void> {
  await mkdir(path.join(folder, relative), { recursive: true, mode: 0o700 });
}

async function writeEntry(
  { body }: TarEntry,
  target: string,
  isChange: boolean,
  { folder }: ExtractOptions,
): Promise<void> {
  const file = await openTarget(path.join(folder, target), isChange);
  try {
    if (isChange) await applyChanges(file, body);
    else await copy(body, file);
  } finally {
    await file.close();
  }
}

async function openTarget(place: string, isChange: boolean): Promise<FileHandle> {
  if (!isChange) {
    await mkdir(path.dirname(place), { recursive: true, mode: 0o700 });
    return await open(place, 'w', 0o600);
  }
  try {
    return await open(place, 'r+');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new BackupError(
      'CORRUPT',
      `An incremental backup changes ${place}, which the backup before does not have.`,
      'Restore from another backup.',
      error,
    );
  }
}

async function copy(body: ByteReader, file: FileHandle): Promise<void> {
  for (let bytes = await body.take(pieceBytes); bytes; bytes = await body.take(pieceBytes))
    await file.write(bytes);
}

function assertListed(
  backup: Backup,
  entry: TarEntry,
  digest: string,
  listed: ManifestFile | undefined,
): void {
  if (listed === undefined) throw damaged(backup, entry.path, 'the server did not list it');
  if (listed.size !== entry.size || listed.checksum !== digest)
    throw damaged(backup, entry.path, 'its bytes are not those that the server sent');
}

function damaged(backup: Backup, file: string, why: string): BackupError {
  return new BackupError(
    'CORRUPT',
    `Backup ${backup.id} is damaged: ${file}: ${why}.`,
    'Restore from another one (peakstone backup list), and make a new full backup.',
  );
}

async function removeOthers(root: string, relative: string, kept: ReadonlySet<string>): Promise<void> {
  for (const entry of await readdir(path.join(root, relative), { withFileTypes: true })) {
    const each = relative === '' ? entry.name : `${relative}/${entry.name}`;
    if (!kept.has(each)) await rm(path.join(root, each), { recursive: true });
    else if (entry.isDirectory()) await removeOthers(root, each, kept);
  }
}

/** @throws {BackupError} PLACE when something is there that a restore would replace */
export async function assertEmpty(folder: string): Promise<void> {
  const found = await lstat(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (found === undefined || (found.isDirectory() && (await readdir(folder)).length === 0)) return;
  throw new BackupError('PLACE', `${folder} is not empty.`, 'Name a folder that does not exist yet.');
}

/** Makes the folder beside its place in which a data folder comes to be. Nobody else gets in before it is handed over. */
export async function makeRoot(folder: string): Promise<void> {
  await mkdir(path.dirname(folder), { recursive: true });
  await mkdir(folder, { mode: 0o700 });
}

/** Gives a folder with all that is in it to its owner, who gets there from then on. */
export async function handOver(folder: string, { uid, gid }: Owner): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true }))
    await lchown(path.join(entry.parentPath, entry.name), uid, gid);
  await chmod(path.dirname(folder), 0o755);
  await lchown(folder, uid, gid);
}

/**
 * Makes everything in the folder and below survive a power cut, as PostgreSQL itself does before it recovers: by its whole file
 * system at once where the system has a program for that, else file by file.
 */
export async function syncTree(folder: string): Promise<void> {
  try {
    await run('sync', ['-f', folder]);
  } catch {
    // There is none, or one of another kind: each file says by itself whether it is written.
    await syncEach(folder);
  }
}

async function syncEach(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const place = path.join(folder, entry.name);
    if (entry.isDirectory()) await syncEach(place);
    else if (entry.isFile()) await sync(place);
  }
  await sync(folder);
}

/** Of a file, or of the names in a folder. */
export async function sync(place: string): Promise<void> {
  const handle = await open(place, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
