import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync, statfsSync } from 'node:fs';
import path from 'node:path';
import type { Binaries } from '../binaries/binaries.ts';
import { DatabaseError, diskFull, explainSystemError, systemCode } from '../errors.ts';
import { partialSuffix } from '../host/processes.ts';
import type { RunUser } from '../host/user.ts';
import { MARKER } from './folder.ts';
import { renewIdentity } from './identity.ts';
import { runAs, syncFolder, writeFileDurably } from './run.ts';
import { copyTree, makePrivate, prepareTemplates, removeAbandoned, saveTemplate } from './template.ts';

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
  try {
    mkdirSync(path.dirname(dataDir), { recursive: true });
    assertSpace(path.dirname(dataDir));
    removeAbandoned(`${dataDir}.new-`);
    makePrivate(staging, user);
    await fill(staging, options);
    writeFileDurably(
      path.join(staging, 'postgresql.conf'),
      '# Your own settings; they override what PeakStone chooses (see peakstone.conf).\n',
      0o600,
      user,
    );
    const marker = { madeBy: 'peakstone', postgres: binaries.version, madeAt: new Date().toISOString() };
    writeFileDurably(path.join(staging, MARKER), `${JSON.stringify(marker)}\n`, 0o600, user);
    if (options.durable) await syncCluster(staging, options);
    place(staging, dataDir);
  } catch (error) {
    rmSync(staging, { recursive: true, force: true });
    throw explainSystemError(error, dataDir);
  }
}

async function fill(staging: string, options: ClusterOptions): Promise<void> {
  const { user } = options;
  const templates = options.cacheDir === undefined ? undefined : prepareTemplates(options.cacheDir, user);
  if (templates === undefined) return initdb(staging, options);
  const template = path.join(templates, templateName(options));
  if (existsSync(template)) {
    if ((await copyTree(template, staging, user)) && renewIdentity(staging)) return;
    // A damaged or outdated template: made anew below.
    rmSync(template, { recursive: true, force: true });
    rmSync(staging, { recursive: true, force: true });
    makePrivate(staging, user);
  }
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
      options.signal,
    );
    if (run.status === 0) return;
    output = run.output;
    if (!/invalid locale name/.test(output)) break;
  }
  if (/No space left on device|Disk quota exceeded/.test(output)) throw diskFull(folder, new Error(output));
  throw new DatabaseError(
    'INITDB_FAILED',
    `PostgreSQL could not make a data folder: ${lastLine(output)}`,
    'The cause holds its whole output. Nothing was left behind.',
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

/** By what a new cluster depends on. Embedded programs of one version are the same wherever they lie. */
function templateName(options: ClusterOptions): string {
  const { kind, version, binDir } = options.binaries;
  const key = [version, kind === 'system' ? binDir : '', options.superuser, ...initdbOptions()].join('\0');
  return `${kind}-${version}-${createHash('sha256').update(key).digest('hex').slice(0, 12)}`;
}

async function syncCluster(folder: string, options: ClusterOptions): Promise<void> {
  const method = process.platform === 'linux' ? ['--sync-method=syncfs'] : [];
  const program = path.join(options.binaries.binDir, 'initdb');
  const run = await runAs(options.user, program, ['--sync-only', ...method, '-D', folder], options.signal);
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
function place(staging: string, dataDir: string): void {
  try {
    renameSync(staging, dataDir);
  } catch (error) {
    switch (systemCode(error)) {
      case 'ENOTEMPTY':
      case 'EEXIST':
        // Another start was faster; its folder is as good, and PostgreSQL's lock decides who runs it.
        rmSync(staging, { recursive: true, force: true });
        return;
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
  syncFolder(path.dirname(dataDir));
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
