/**
 * Files that are there whole or not at all. In a folder where others may write, such as `/tmp`, a name that can be foreseen
 * may be somebody's link to a file of ours: nothing is ever written through one.
 */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readlinkSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { assertOwnFile } from './privateFolder.mjs';

/**
 * Replaces a file of this process's user durably: written beside, synced, renamed, the folder synced. Beside is a name that
 * nobody can foresee, and a file that was not there: in a folder of somebody else's a link could wait under any other.
 */
export function writeFileDurably(file: string, text: string, mode: number): void {
  const beside = besideOf(file);
  const fd = openSync(beside, 'wx', mode);
  try {
    try {
      writeWhole(fd, text);
    } finally {
      closeSync(fd);
    }
    renameSync(beside, file);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
  syncFolder(path.dirname(file));
}

/** Writes a file that a person named, or keeps in a project, as `openReplacement` says. @throws as that does */
export function replaceFile(named: string, text: string): void {
  const replacement = openReplacement(named);
  try {
    writeFileSync(replacement.path, text, { flag: replacement.flag });
    replacement.finish();
  } catch (error) {
    replacement.discard();
    // Nobody knows the file beside.
    throw Object.assign(error as NodeJS.ErrnoException, { path: named });
  }
}

export interface Replacement {
  /** What to write, and how to open it. */
  readonly path: string;
  readonly flag: 'w' | 'wx';
  /** Puts it into its place. */
  finish(): void;
  discard(): void;
}

/**
 * What shall take the place of a file that a person named, or keeps in a project: beside it until it is whole. A file that is
 * there keeps its owner and its mode, unless it is another's in a folder where all may write. A link of one's own keeps
 * pointing to it; another user's is refused. What is no file, as a terminal or a pipe, is written to as it is.
 * @throws {UnsafePlaceError}; what the system says
 */
export function openReplacement(named: string): Replacement {
  const file = followOwnLinks(named);
  const present = statSync(file, { throwIfNoEntry: false });
  if (present && !present.isFile())
    return { path: file, flag: 'w', finish: () => undefined, discard: () => undefined };
  const beside = besideOf(file);
  return {
    path: beside,
    flag: 'wx',
    finish: () => {
      const fd = openSync(beside, 'r+');
      try {
        if (present && isKept(present, file)) keepAccess(fd, present);
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
      renameSync(beside, file);
      syncFolder(path.dirname(file));
    },
    discard: () => rmSync(beside, { force: true }),
  };
}

/** Makes a file where there is none, nor a link; durably, or not at all. @throws the system's `EEXIST` */
export function createFile(file: string, text: string, mode = 0o666): void {
  const fd = openSync(file, 'wx', mode);
  try {
    try {
      writeWhole(fd, text);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    rmSync(file, { force: true });
    throw error;
  }
  syncFolder(path.dirname(file));
}

/**
 * Makes a folder and those above it, one by one: Node's own way says of a disk that is mounted read-only that there is no such
 * file, and never ends where the system makes none, as in /proc.
 */
export function makeFolders(folder: string): void {
  try {
    mkdirSync(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && statSync(folder).isDirectory()) return;
    if (code !== 'ENOENT' || path.dirname(folder) === folder) throw error;
    makeFolders(path.dirname(folder));
    mkdirSync(folder);
  }
}

/** Makes renames and creations in a folder survive a power cut. */
export function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function besideOf(file: string): string {
  return `${file}.${randomBytes(8).toString('hex')}.tmp`;
}

function writeWhole(fd: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
  fsyncSync(fd);
}

function isKept({ uid }: Stats, file: string): boolean {
  return uid === process.geteuid?.() || uid === statSync(path.dirname(file)).uid;
}

function keepAccess(fd: number, { mode, uid, gid }: Stats): void {
  // Only root may give a file away.
  if (process.geteuid?.() === 0) fchownSync(fd, uid, gid);
  fchmodSync(fd, mode & 0o777);
}

/** As many as Linux follows. */
const MAX_LINKS = 40;

function followOwnLinks(named: string): string {
  let file = named;
  for (let links = 0; links < MAX_LINKS; links++) {
    if (!lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink()) return file;
    assertOwnFile(file, { isLink: true });
    file = path.resolve(path.dirname(file), readlinkSync(file));
  }
  return file;
}
