import { createHash } from 'node:crypto';
import { framesTransaction, leadingWords } from '@peakstone/kernel/script';
import { MigrateError } from '../errors.ts';
import {
  type Format,
  formats,
  type MigrationFile,
  type MigrationFolder,
  sumFolder,
} from '../folder/index.ts';
import { isPartial, type Revision, resumedMark, revisionType } from '../revisions/index.ts';
import { type MigrationStatement, splitFile } from '../split/index.ts';

/** A file as it is applied: its statements, their hashes, and what the database is told of it. */
export interface PreparedFile {
  readonly file: MigrationFile;
  readonly statements: readonly MigrationStatement[];
  /** Running ones, of the texts so far: `h1:` and base64. */
  readonly hashes: readonly string[];
  /** As it stands before anything runs: new, or what an earlier run has left. */
  readonly revision: Revision;
}

export interface PrepareOptions {
  readonly operatorVersion: string;
  /** BEGIN and COMMIT are passed over. */
  readonly passesTransactions: boolean;
}

/** What the files of one run are prepared with. */
export class Preparation {
  readonly #sums: ReadonlyMap<string, string>;
  readonly #revisions: ReadonlyMap<string, Revision>;
  readonly #format: Format;
  readonly #options: PrepareOptions;

  constructor(folder: MigrationFolder, revisions: readonly Revision[], options: PrepareOptions) {
    this.#format = formats[folder.format];
    this.#sums = new Map(sumFolder(folder.files).map(({ name, hash }) => [name, hash]));
    this.#revisions = new Map(revisions.map(revision => [revision.version, revision]));
    this.#options = options;
  }

  /** @throws {MigrateError} `refused` for a file that has no sum. */
  prepare(file: MigrationFile): PreparedFile {
    const hash = this.#sums.get(file.name);
    if (hash === undefined && this.#format.hasSums)
      throw new MigrateError(
        'refused',
        `scanning checksum from ${JSON.stringify(file.name)}: checksum not found: it says "atlas:sum ignore", and what has no sum is not applied.`,
        'Take the directive out and hash again, or keep the file in another folder.',
      );
    const statements = splitFile(file.text, this.#format.cutBy).statements.filter(
      ({ text }) => !(this.#options.passesTransactions && isTransactionCommand(text)),
    );
    const earlier = this.#revisions.get(file.version);
    return {
      file,
      statements,
      hashes: hashStatements(statements),
      // Atlas keeps the sum that the file had at first: that it may have been mended since is said beside it.
      revision: earlier
        ? { ...earlier, operatorVersion: `${this.#options.operatorVersion}${resumedMark}` }
        : {
            version: file.version,
            description: file.description,
            type: revisionType.executed,
            applied: 0,
            total: statements.length,
            executedAt: new Date(),
            executionMs: 0,
            error: '',
            errorStatement: '',
            hash: hash ?? '',
            partialHashes: null,
            operatorVersion: this.#options.operatorVersion,
          },
    };
  }
}

/**
 * What was applied of a file by an earlier run must be what it begins with now.
 * @throws {MigrateError} `history`
 */
export function assertUnchanged({ file, hashes, revision }: PreparedFile): void {
  if (!isPartial(revision) || revision.applied === 0) return;
  const partial = revision.partialHashes ?? [];
  for (let at = 0; at < revision.applied; at++) {
    if (hashes[at] !== undefined && hashes[at] === partial[at]) continue;
    throw new MigrateError(
      'history',
      `history changed: statement ${at + 1} from file ${JSON.stringify(file.name)} changed`,
      `It has been applied as it was: the database refused statement ${revision.applied + 1}. Put statements 1 to ${revision.applied} back as they were and mend the one that failed; or finish by hand, and say so: peakstone migrate set ${file.version}`,
    );
  }
}

/** Pure. */
export function hashStatements(statements: readonly Pick<MigrationStatement, 'text'>[]): readonly string[] {
  const running = createHash('sha256');
  return statements.map(({ text }) => `h1:${running.update(text).copy().digest('base64')}`);
}

/** Pure. */
function isTransactionCommand(text: string): boolean {
  return framesTransaction(leadingWords(text));
}
