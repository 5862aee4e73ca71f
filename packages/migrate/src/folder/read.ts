import { stat } from 'node:fs/promises';
import { MigrateError } from '../errors.ts';
import type { MigrationFile } from './file.ts';
import { detectFormat, type FolderFormat, formats, type SetAside } from './formats/index.ts';
import { assertOwnFiles } from './ownership.ts';
import { readPlain } from './readPlain.ts';
import { NOT_IN_SUMS, parseSums, renderSums, type Sums, sumFile, sumFolder, totalOf } from './sum.ts';

/** A folder of migrations. */
export interface MigrationFolder {
  readonly format: FolderFormat;
  /** As the user named it. */
  readonly path: string;
  /** In the order in which they are applied: that of their names' bytes; Hasura's by number. */
  readonly files: readonly MigrationFile[];
  /** What is passed over, as the tool whose folder it is does. */
  readonly setAside?: readonly SetAside[];
  /** What `atlas.sum` says; null without one. */
  readonly sumText: string | null;
}

/**
 * @param format by what lies in it, when left out
 * @throws {MigrateError} `folder` when there is none, or another user than its owner has left something in it.
 */
export async function readFolder(path: string, format?: FolderFormat): Promise<MigrationFolder> {
  await assertFolder(path);
  await assertOwnFiles(path);
  const kind = format ?? (await detectFormat(path));
  const content = await formats[kind].read(path);
  if (formats[kind].hasSums) for (const { name } of content.files) assertSummable(name);
  return { format: kind, path, ...content, sumText: await readSums(path) };
}

/** A line of atlas.sum is a name and a sum. @throws {MigrateError} `folder` */
function assertSummable(name: string): void {
  if (!NOT_IN_SUMS.test(name)) return;
  throw new MigrateError(
    'folder',
    `${JSON.stringify(name)} is no name that ${sumFile} can hold.`,
    'Rename it: without line breaks, and without "h1:".',
  );
}

async function readSums(path: string): Promise<string | null> {
  try {
    return (await readPlain(path, sumFile)).toString('utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

async function assertFolder(path: string): Promise<void> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
    throw error;
  });
  if (found?.isDirectory()) return;
  throw new MigrateError(
    'folder',
    found ? `${path} is no folder.` : `There is no folder ${path}.`,
    'Name the folder of the migrations with --dir, or make its first file: peakstone migrate new NAME',
  );
}

/** What is not as `atlas.sum` has it. */
export interface SumMismatch {
  /** Of atlas.sum, from 1. */
  readonly line: number;
  readonly file: string;
  readonly reason: 'added' | 'edited' | 'removed';
}

/** How a folder and its sums disagree; null when they agree. A folder without files needs none. Pure. */
export type SumProblem =
  | { readonly kind: 'missing' }
  | { readonly kind: 'format' }
  /** Its first line isn't the sum of the others: somebody wrote into it, or two branches were merged. */
  | { readonly kind: 'total' }
  | ({ readonly kind: 'mismatch' } & SumMismatch);

/** Pure. */
export function checkSums({ format, files, sumText }: MigrationFolder): SumProblem | null {
  if (!formats[format].hasSums) return null;
  if (sumText === null) return files.length === 0 ? null : { kind: 'missing' };
  const parsed = parseSums(sumText);
  if (parsed === null) return { kind: 'format' };
  if (parsed.total !== totalOf(parsed.sums)) return { kind: 'total' };
  const computed = sumFolder(files);
  if (totalOf(computed) === parsed.total) return null;
  return { kind: 'mismatch', ...findMismatch(parsed.sums, computed) };
}

/** The first line that differs, as Atlas tells it. */
function findMismatch(written: Sums, computed: Sums): SumMismatch {
  const at = written.findIndex(
    ({ name, hash }, i) => computed[i]?.name !== name || computed[i]?.hash !== hash,
  );
  // Line 1 is the sum of all.
  if (at < 0) return { line: written.length + 2, file: computed[written.length]!.name, reason: 'added' };
  const { name } = written[at]!;
  const now = computed.findIndex(sum => sum.name === name);
  if (now < 0) return { line: at + 2, file: name, reason: 'removed' };
  if (now === at) return { line: at + 2, file: name, reason: 'edited' };
  return { line: at + 2, file: computed[at]!.name, reason: 'added' };
}

/** What `atlas.sum` should hold. Pure. */
export function sumTextOf({ files }: MigrationFolder): string {
  return renderSums(sumFolder(files));
}

/**
 * Nothing is done with a folder that isn't as its sums say.
 * @throws {MigrateError}
 */
export function assertSums(folder: MigrationFolder): void {
  const problem = checkSums(folder);
  if (problem === null) return;
  const hash = 'If that is as you want it: peakstone migrate hash';
  switch (problem.kind) {
    case 'missing':
      throw new MigrateError(
        'sumMissing',
        `${folder.path} has no ${sumFile}: checksum file not found.`,
        hash,
      );
    case 'format':
      throw new MigrateError(
        'sumFormat',
        `${folder.path}/${sumFile} is no such file: checksum file format invalid.`,
        hash,
      );
    case 'total':
      throw new MigrateError(
        'sumMismatch',
        `${folder.path}/${sumFile}: checksum mismatch: its first line is not the sum of the others.`,
        `Where two branches met, look at what both added, then: peakstone migrate hash`,
      );
    case 'mismatch': {
      const { line, file, reason } = problem;
      throw new MigrateError(
        'sumMismatch',
        `${folder.path}/${sumFile}: checksum mismatch: L${line}: ${file} was ${reason}.`,
        hash,
      );
    }
  }
}
