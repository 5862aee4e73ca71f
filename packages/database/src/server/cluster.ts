import { createHash } from 'node:crypto';
import { renameSync, statfsSync } from 'node:fs';
import path from 'node:path';
import { syncFolder } from '@peakstone/kernel/durable';
import type { Binaries } from '../binaries/binaries.ts';
import { DatabaseError, diskFull, explainSystemError, systemCode } from '../errors.ts';
import { makeFolderAs, removeAsOwners, removeTree, runAs, scriptAs, writeFilesAs } from '../host/asUser.ts';
import { partialSuffix } from '../host/processes.ts';
import { isOpenTo, type RunUser } from '../host/user.ts';
import { lastWords } from './failure.ts';
import { MARKER } from './folder.ts';
import { abandoned, prepareTemplates, saveTemplate, useTemplate } from './template.ts';

export interface ClusterOptions {
  readonly dataDir: string;
  readonly binaries: Binaries;
  readonly user: RunUser;
  readonly superuser: string;
  /** Holds templates: freshly made clusters, copied in a tenth of initdb's time. Undefined: always initdb. */
  readonly cacheDir: string | undefined;
  /** Only ever false for throw-away servers. */
  readonly durable: boolean;
  readonly signal?: AbortSignal;
}

/** Renames a folder onto one that is absent or empty; where another start was faster, its folder is as good. */
const PLACE = `
rmdir -- "$2" 2>/dev/null || :
if [ -e "$2" ]; then rm -rf -- "$1"; else mv -- "$1" "$2"; fi`;

/** A new cluster with its first WAL segments. */
const NEEDED_BYTES = 100 * 1024 * 1024;
/** Tried in turn; text search and regular expressions need a UTF-8 character type, sorting does not. */
const CHARACTER_TYPES = ['C.UTF-8', 'en_US.UTF-8', 'C'] as const;

/**
 * Makes a data folder: beside its place first, then renamed, so that it is there whole or not at all.
 * Text is UTF-8 and sorts by code point under PostgreSQL's own C.UTF-8, which no operating system upgrade can change.
 * @throws {DatabaseError} DISK_FULL, PERMISSION_DENIED, INITDB_FAILED
 */
export async function createCluster(options: ClusterOptions): Promise<void> {
  const { dataDir, user, binaries } = options;
  const staging = `${dataDir}.new-${partialSuffix()}`;
  const parent = path.dirname(dataDir);
  try {
    assertSpace(parent);
    for (const left of abandoned(`${dataDir}.new-`)) await removeAsOwners(left);
    await makeFolderAs(user, staging);
    await fill(staging, options);
    const marker = { madeBy: 'peakstone', postgres: binaries.version, madeAt: new Date().toISOString() };
    await writeFilesAs(user, staging, {
      'postgresql.conf': '# Your own settings; they override what PeakStone chooses (see peakstone.conf).\n',
      [MARKER]: `${JSON.stringify(marker)}\n`,
    });
    if (options.durable) await syncCluster(staging, options);
    await place(staging, dataDir, user);
  } catch (error) {
    await removeTree(user, staging);
    throw explainSystemError(error, dataDir);
  }
}

async function fill(staging: string, options: ClusterOptions): Promise<void> {
  const { user, cacheDir } = options;
  const templates = cacheDir === undefined ? undefined : prepareTemplates(cacheDir);
  if (templates === undefined) return initdb(staging, options);
  const template = path.join(templates, templateName(options));
  if (await useTemplate(template, staging, user)) return;
  await removeTree(user, staging);
  await makeFolderAs(user, staging);
  await initdb(staging, options);
  await saveTemplate(staging, template, user);
}

async function initdb(folder: string, options: ClusterOptions): Promise<void> {
  const program = path.join(options.binaries.binDir, 'initdb');
  let output = '';
  for (const type of CHARACTER_TYPES) {
    const run = await runAs(
      options.user,
      program,
      ['-D', folder, '-U', options.superuser, ...initdbOptions(), `--lc-ctype=${type}`],
      { signal: options.signal },
    );
    if (run.status === 0) return;
    output = run.output;
    if (!/invalid locale name/.test(output)) break;
  }
  if (/No space left on device|Disk quota exceeded/.test(output)) throw diskFull(folder, new Error(output));
  throw new DatabaseError(
    'INITDB_FAILED',
    `PostgreSQL could not make a data folder: ${lastLine(output)}`,
    `Nothing was left behind. ${lastWords(output.trim().split('\n'))}`,
    new Error(output),
  );
}

function initdbOptions(): string[] {
  return [
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--data-checksums',
    // The superuser has no password yet; the bootstrap sets it through the private socket.
    '--auth=reject',
    '--no-instructions',
    // Synced once, at the end, together with what we add.
    '--no-sync',
  ];
}

/**
 * By what a new cluster depends on, and by whom it was made: one user's must not become another's. Embedded programs of one
 * version are the same wherever they lie.
 */
function templateName(options: ClusterOptions): string {
  const { kind, version, binDir } = options.binaries;
  const key = [version, kind === 'system' ? binDir : '', options.superuser, ...initdbOptions()].join('\0');
  return `${kind}-${version}-${options.user.uid}-${createHash('sha256').update(key).digest('hex').slice(0, 12)}.tar`;
}

async function syncCluster(folder: string, options: ClusterOptions): Promise<void> {
  const method = process.platform === 'linux' ? ['--sync-method=syncfs'] : [];
  const program = path.join(options.binaries.binDir, 'initdb');
  const run = await runAs(options.user, program, ['--sync-only', ...method, '-D', folder], {
    signal: options.signal,
  });
  if (run.status !== 0) {
    throw new DatabaseError(
      'INITDB_FAILED',
      `The new data folder could not be written to disk: ${lastLine(run.output)}`,
      'Check the disk that holds it.',
      new Error(run.output),
    );
  }
}

/** @throws {DatabaseError} NOT_A_DATA_FOLDER when the place is a mount point, which nothing can be renamed onto. */
async function place(staging: string, dataDir: string, user: RunUser): Promise<void> {
  const parent = path.dirname(dataDir);
  // Where its user could lead a rename elsewhere, it is the user's own.
  if (isOpenTo(user, parent)) return scriptAs(user, PLACE, [staging, dataDir]);
  try {
    renameSync(staging, dataDir);
  } catch (error) {
    switch (systemCode(error)) {
      case 'ENOTEMPTY':
      case 'EEXIST':
        // Another start was faster; its folder is as good, and PostgreSQL's lock decides who runs it.
        return removeTree(user, staging);
      case 'EBUSY':
      case 'EXDEV':
        throw new DatabaseError(
          'NOT_A_DATA_FOLDER',
          `${dataDir} is a mount point.`,
          `Use a folder inside it: ${path.join(dataDir, 'postgres')}`,
          error,
        );
      default:
        throw error;
    }
  }
  syncFolder(parent);
}

function assertSpace(folder: string): void {
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize >= NEEDED_BYTES) return;
  const free = Math.floor((bavail * bsize) / 1024 / 1024);
  throw diskFull(
    folder,
    new Error(`${free} MB are free; a new database needs ${NEEDED_BYTES / 1024 / 1024} MB`),
  );
}

function lastLine(output: string): string {
  return (
    output
      .trim()
      .split('\n')
      .filter(line => /error|fatal/i.test(line))
      .at(-1) ??
    output.trim().split('\n').at(-1) ??
    ''
  );
}
