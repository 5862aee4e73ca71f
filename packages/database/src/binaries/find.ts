import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import path from 'node:path';
import { DatabaseError } from '../errors.ts';
import type { RunUser } from '../host/user.ts';
import type { Binaries } from './binaries.ts';
import { prepareEmbedded } from './embedded.ts';

/** The only major version served: the catalogs, the settings and the data folders are this one's. */
export const MAJOR_VERSION = 17;

/** `embedded`: the npm-shipped programs; `system`: an installed PostgreSQL 17; `auto`: the system's, else the embedded. */
export type BinariesChoice = 'embedded' | 'system' | 'auto';

/**
 * Finds PostgreSQL 17's programs and makes them runnable by `user`.
 * @throws {DatabaseError} BINARIES_MISSING
 */
export async function findBinaries(
  choice: BinariesChoice,
  user: RunUser,
  cacheDir: string,
  notice: (text: string) => void,
): Promise<Binaries> {
  if (choice !== 'embedded') {
    const system = findSystem();
    if (system !== undefined) return system;
    if (choice === 'system') {
      throw new DatabaseError(
        'BINARIES_MISSING',
        `No PostgreSQL ${MAJOR_VERSION} is installed.`,
        `Install it (apt install postgresql-${MAJOR_VERSION}, or brew install postgresql@${MAJOR_VERSION}), or set DATABASE_ENGINE=embedded.`,
      );
    }
  }
  return prepareEmbedded(user, cacheDir, notice);
}

function findSystem(): Binaries | undefined {
  const folders = [
    `/usr/lib/postgresql/${MAJOR_VERSION}/bin`,
    `/usr/pgsql-${MAJOR_VERSION}/bin`,
    `/opt/homebrew/opt/postgresql@${MAJOR_VERSION}/bin`,
    `/usr/local/opt/postgresql@${MAJOR_VERSION}/bin`,
    ...(process.env.PATH ?? '').split(path.delimiter).filter(folder => path.isAbsolute(folder)),
  ];
  for (const binDir of folders) {
    if (!isExecutable(path.join(binDir, 'postgres')) || !isExecutable(path.join(binDir, 'initdb'))) continue;
    const version = readVersion(path.join(binDir, 'postgres'));
    if (version === undefined || Number.parseInt(version, 10) !== MAJOR_VERSION) continue;
    return { kind: 'system', binDir, version, libraryDir: systemLibraryDir(binDir) };
  }
  return undefined;
}

function systemLibraryDir(binDir: string): string {
  const asked = spawnSync(path.join(binDir, 'pg_config'), ['--pkglibdir'], {
    encoding: 'utf8',
    timeout: 5_000,
  });
  const beside = path.join(binDir, '..', 'lib');
  return asked.status === 0
    ? asked.stdout.trim()
    : existsSync(path.join(beside, 'postgresql'))
      ? path.join(beside, 'postgresql')
      : beside;
}

/** `17.10` of `postgres (PostgreSQL) 17.10 (Debian …)`; undefined when it cannot run here. */
export function readVersion(postgres: string): string | undefined {
  // `--version` is answered even to root.
  const run = spawnSync(postgres, ['--version'], { encoding: 'utf8', timeout: 5_000 });
  return /\(PostgreSQL\) (\d+\.\d+)/.exec(run.stdout ?? '')?.[1];
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    // Absent or not ours to run: either way not a candidate.
    return false;
  }
}
