import { createHash } from 'node:crypto';
import {
  formats,
  isCheckpoint,
  isIgnored,
  type MigrationFile,
  type MigrationFolder,
} from '../folder/index.ts';
import { isPartial, type Revision, resumedMark } from '../revisions/index.ts';
import type { Diagnostic } from './inspect.ts';
import { compareVersions } from './pending.ts';

/** How often the sums of another state of the folder are tried, which costs a digest of all of it. */
const maxTries = 200;

/**
 * Applied files that are no longer there, and the first that is no longer what was applied: Atlas looks at neither. A file's
 * sum holds all files before it, so that behind one that was edited nothing can be said. Pure.
 */
export function findDrift(
  { format, files }: Pick<MigrationFolder, 'format' | 'files'>,
  revisions: readonly Revision[],
): readonly Diagnostic[] {
  const byVersion = new Map(files.map(file => [file.version, file]));
  const checkpoint = files.findLast(isCheckpoint)?.version;
  const removed = revisions
    .filter(({ version }) => !byVersion.has(version))
    // A squashed folder begins with what stands for them.
    .filter(({ version }) => checkpoint === undefined || compareVersions(version, checkpoint) > 0)
    .map(
      ({ version, description }): Diagnostic => ({
        file: description === '' ? version : `${version}_${description}`,
        line: null,
        level: 'note',
        message: 'was applied to this database and is no longer in the folder.',
        hint: 'Put it back, or undo what it did in a new file; to forget that it was applied: peakstone migrate set VERSION',
      }),
    );
  const edited = formats[format].hasSums ? findEdited(files, revisions) : null;
  return edited === null ? removed : [...removed, edited];
}

function findEdited(files: readonly MigrationFile[], revisions: readonly Revision[]): Diagnostic | null {
  const byVersion = new Map(revisions.map(revision => [revision.version, revision]));
  const running = createHash('sha256');
  let tries = 0;
  for (const [index, file] of files.entries()) {
    running.update(file.name);
    if (!isIgnored(file.bytes)) running.update(file.bytes);
    const revision = byVersion.get(file.version);
    if (revision === undefined || revision.hash === '' || isPartial(revision)) continue;
    if (revision.operatorVersion.endsWith(resumedMark)) continue;
    if (running.copy().digest('base64') === revision.hash) continue;
    // Files that came later, with a lower version, had no part in the sum.
    const before = files.slice(0, index).filter(({ version }) => {
      const other = byVersion.get(version);
      return other !== undefined && other.executedAt <= revision.executedAt;
    });
    if (++tries > maxTries) return null;
    if (sumOf([...before, file]) === revision.hash) continue;
    return {
      file: file.name,
      line: null,
      level: 'note',
      message: 'is not what was applied to this database: it, or a file before it, was edited since.',
      hint: 'Databases made from now on will differ from this one. Put it back, and write what you want changed into a new file.',
    };
  }
  return null;
}

function sumOf(files: readonly MigrationFile[]): string {
  const hash = createHash('sha256');
  for (const { name, bytes } of files) {
    hash.update(name);
    if (!isIgnored(bytes)) hash.update(bytes);
  }
  return hash.digest('base64');
}
