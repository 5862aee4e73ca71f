import { setTimeout as pause } from 'node:timers/promises';
import { PgError } from '@peakstone/kernel/pg';
import type { TransactionEnd } from '@peakstone/kernel/script';
import { MigrateError } from '../errors.ts';
import { type FolderFormat, formats, type MigrationFile } from '../folder/index.ts';
import { type TxMode, txModeOf } from '../plan/index.ts';
import type { History, Revision } from '../revisions/index.ts';
import { isLockTimeout, type MigrateSession } from '../session/index.ts';
import type { MigrationStatement } from '../split/index.ts';
import type { OnApplyEvent } from './events.ts';
import { driverText, endedError, failureError, keptAfter } from './failure.ts';
import { assertNoInvalidIndex, dropSql, findInvalidIndex } from './indexes.ts';
import { assertUnchanged, type Preparation, type PreparedFile } from './prepare.ts';

/** How long somebody else's lock is waited for: each attempt gives it back, so that the rest of the application goes on. */
export interface Attempts {
  readonly count: number;
  /** Before the second one; it doubles, up to a minute. */
  readonly pauseMs: number;
}

const longestPauseMs = 60_000;
/** Between two cancels of what goes on. */
const cancelMs = 500;
/** After which it is looked who is in the way. */
const lookMs = 1000;

export interface RunOptions {
  readonly session: MigrateSession;
  readonly history: History;
  readonly preparation: Preparation;
  readonly mode: TxMode;
  readonly format: FolderFormat;
  readonly attempts: Attempts;
  readonly onEvent: OnApplyEvent;
  readonly signal: AbortSignal;
}

/** A statement, or the end of its transaction, that the server refused. */
class Refused extends Error {
  readonly prepared: PreparedFile;
  readonly statement: MigrationStatement | null;
  constructor(prepared: PreparedFile, statement: MigrationStatement | null, cause: unknown) {
    super((cause as Error).message, { cause });
    this.prepared = prepared;
    this.statement = statement;
  }
}

/** Runs files against one database, each as its mode says. */
export class Run {
  readonly #options: RunOptions;
  #applied = 0;
  /** What has been run outside of the transaction of its file. */
  #alone: readonly MigrationStatement[] = [];

  constructor(options: RunOptions) {
    this.#options = options;
  }

  /** @throws {MigrateError} `failed`, `history`, `refused`, `option`, `cancelled`, after what could not stay was rolled back. */
  async apply(files: readonly MigrationFile[]): Promise<void> {
    const { mode, session, onEvent, signal } = this.#options;
    let again: NodeJS.Timeout | undefined;
    const cancel = (): void => {
      session.cancel();
      // One that comes before the server has begun is forgotten there.
      again ??= setInterval(() => session.cancel(), cancelMs);
    };
    signal.addEventListener('abort', cancel);
    try {
      if (mode === 'all') return await this.#together(files);
      for (const file of files) {
        if (txModeOf(file, mode) === 'none') await this.#openly(file);
        else await this.#together([file]);
      }
    } catch (error) {
      await session.rollback();
      if (signal.aborted && session.ended === null) throw this.#cancelled(error);
      if (error instanceof MigrateError && error.code !== 'failed')
        onEvent({
          kind: 'stopped',
          text: `${error.code === 'option' ? '' : 'sql/migrate: '}${error.message}`,
        });
      throw error;
    } finally {
      clearInterval(again);
      signal.removeEventListener('abort', cancel);
    }
  }

  /** In one transaction, tried again while others hold what it needs. */
  async #together(files: readonly MigrationFile[]): Promise<void> {
    const { session, attempts, onEvent, signal } = this.#options;
    const before = this.#applied;
    for (let attempt = 1, pauseMs = attempts.pauseMs; ; attempt++) {
      try {
        return await this.#once(files);
      } catch (error) {
        const { ended } = session;
        await session.rollback();
        this.#applied = before;
        if (!(error instanceof Refused)) throw error;
        if (
          ended !== null ||
          this.#alone.length > 0 ||
          !isLockTimeout(error.cause) ||
          attempt >= attempts.count ||
          signal.aborted
        )
          throw await this.#failed(error, files, ended);
        onEvent({ kind: 'again', since: before, reason: error.message, pauseMs });
        await pause(pauseMs, undefined, { signal });
        pauseMs = Math.min(2 * pauseMs, longestPauseMs);
      }
    }
  }

  async #once(files: readonly MigrationFile[]): Promise<void> {
    const { session, history, mode, preparation, onEvent } = this.#options;
    this.#alone = [];
    await session.reset();
    await session.begin();
    for (const [index, file] of files.entries()) {
      const isLast = index === files.length - 1;
      if (index > 0) await session.reset();
      txModeOf(file, mode);
      const prepared = preparation.prepare(file);
      const began = performance.now();
      assertUnchanged(prepared);
      onEvent({ kind: 'file', file, skipped: prepared.revision.applied });
      for (const statement of prepared.statements.slice(prepared.revision.applied)) {
        // As long as nothing stands in the transaction yet.
        const mayStandAlone = mode !== 'all' && statement === prepared.statements[this.#alone.length];
        await this.#execute(prepared, statement).catch(async error => {
          if (!mayStandAlone || !this.#standsAlone(error)) throw error;
          await this.#runAlone(prepared, statement);
        });
        if (session.ended !== null) throw new Refused(prepared, statement, endedError(session.ended));
      }
      const whole = wholeOf(prepared, performance.now() - began);
      const texts = prepared.statements.map(({ text }) => text);
      try {
        const written = history.write(whole, texts);
        if (isLast) await session.commit(written);
        else await session.run(`reset session authorization; reset role; ${written}`);
      } catch (error) {
        throw new Refused(prepared, null, error);
      }
      this.#applied++;
      onEvent({ kind: 'fileApplied', file });
    }
  }

  #standsAlone(error: unknown): boolean {
    const { cause } = error as Error;
    return (
      formats[this.#options.format].firstMayStandAlone && cause instanceof PgError && cause.code === '25001'
    );
  }

  /** Before the transaction of its file, which begins anew. */
  async #runAlone(prepared: PreparedFile, statement: MigrationStatement): Promise<void> {
    const { session, format } = this.#options;
    await session.rollback();
    this.#alone = [...this.#alone, statement];
    try {
      await session.run(formats[format].asSent(statement.text));
    } catch (error) {
      throw new Refused(prepared, statement, error);
    }
    await session.begin();
  }

  /** Statement by statement; the history tells of each, so that the next run goes on behind the last. */
  async #openly(file: MigrationFile): Promise<void> {
    const { session, history, preparation, onEvent } = this.#options;
    const prepared = preparation.prepare(file);
    const { statements, hashes } = prepared;
    const write = async (revision: Revision): Promise<void> => {
      if (history.keepsParts || revision.applied === revision.total)
        await session.ask(
          history.write(
            { ...revision, executedAt: new Date() },
            statements.map(({ text }) => text),
          ),
        );
    };
    await session.reset();
    assertUnchanged(prepared);
    // What was mended may have another number of them.
    let revision: Revision = { ...prepared.revision, total: statements.length };
    if (statements.length > 0) await write(revision);
    onEvent({ kind: 'file', file, skipped: revision.applied });
    const began = performance.now();
    for (const [index, statement] of statements.entries()) {
      if (index < prepared.revision.applied) continue;
      try {
        await assertNoInvalidIndex(session.ask, statement.text, `${file.name}:${statement.line}`);
        await this.#patiently(prepared, statement);
      } catch (error) {
        await session.rollback();
        const { cause } = error as Error;
        if (error instanceof Refused) {
          const text = driverText(cause, statement.text);
          await write({
            ...revision,
            error: text,
            errorStatement: statement.text,
            executionMs: performance.now() - began,
          });
        }
        throw error instanceof Refused ? await this.#failedOpenly(error, revision) : error;
      }
      // Inside of a transaction of the file's own nothing is done yet.
      if (session.inTransaction || index === statements.length - 1) continue;
      revision = {
        ...revision,
        applied: index + 1,
        partialHashes: hashes.slice(0, index + 1),
        error: '',
        errorStatement: '',
      };
      await write(revision);
    }
    if (session.inTransaction) {
      await session.rollback();
      throw new MigrateError(
        'failed',
        `${file.name} leaves a transaction open, which was rolled back: it has no COMMIT.`,
        `Statements 1 to ${revision.applied} of ${statements.length} are applied and stay. Mend the rest, and go on: peakstone migrate hash && peakstone migrate apply`,
      );
    }
    await write(wholeOf(prepared, performance.now() - began));
    this.#applied++;
    onEvent({ kind: 'fileApplied', file });
  }

  /** A statement by itself, tried again while others hold what it needs. */
  async #patiently(prepared: PreparedFile, statement: MigrationStatement): Promise<void> {
    const { session, attempts, onEvent, signal } = this.#options;
    for (let attempt = 1, pauseMs = attempts.pauseMs; ; attempt++) {
      try {
        return await this.#execute(prepared, statement);
      } catch (error) {
        const again = error instanceof Refused && isLockTimeout(error.cause) && !session.inTransaction;
        // What a failed CREATE INDEX CONCURRENTLY leaves has to be looked at first.
        if (
          !again ||
          attempt >= attempts.count ||
          signal.aborted ||
          (await findInvalidIndex(session.ask, statement.text))
        )
          throw error;
        onEvent({ kind: 'notice', text: `${error.message}; tried again in ${pauseMs / 1000} s` });
        await pause(pauseMs, undefined, { signal });
        pauseMs = Math.min(2 * pauseMs, longestPauseMs);
      }
    }
  }

  async #execute(prepared: PreparedFile, statement: MigrationStatement): Promise<void> {
    const { session, format, onEvent, signal } = this.#options;
    signal.throwIfAborted();
    onEvent({ kind: 'statement', text: statement.text, line: statement.line });
    let said = '';
    let looking: Promise<void> = Promise.resolve();
    const look = async (): Promise<void> => {
      const who = await session.blockers();
      if (who !== '' && who !== said)
        onEvent({ kind: 'waiting', text: `${prepared.file.name}:${statement.line} waits for ${who}` });
      said = who;
    };
    const timer = setInterval(() => {
      // What it cannot say, nobody misses; a lock that was lost is told by the next question.
      looking = looking.then(look).catch(() => undefined);
    }, lookMs);
    try {
      await session.run(formats[format].asSent(statement.text));
    } catch (error) {
      throw new Refused(prepared, statement, error);
    } finally {
      clearInterval(timer);
      await looking;
    }
  }

  async #failed(
    refused: Refused,
    files: readonly MigrationFile[],
    ended: TransactionEnd | null,
  ): Promise<MigrateError> {
    const { prepared, statement, cause } = refused;
    const { onEvent, format } = this.#options;
    const sql = statement?.text ?? '';
    onEvent({ kind: 'failed', statement: statement?.text ?? null, text: driverText(cause, sql) });
    const kept = ended === null ? await this.#kept(refused, files) : keptAfter(ended);
    return failureError({ file: prepared.file, statement, error: cause, kept, format });
  }

  async #kept({ statement }: Refused, files: readonly MigrationFile[]): Promise<string> {
    if (files.length > 1 || this.#options.mode === 'all')
      return 'All of it was rolled back: nothing of this run is kept.';
    const before =
      this.#applied === 0
        ? '.'
        : `; ${countText(this.#applied)} before it ${this.#applied === 1 ? 'is' : 'are'} applied.`;
    const stay = this.#alone.filter(each => each !== statement).length;
    const begins =
      stay === 0
        ? ''
        : stay === 1
          ? 'Its first statement cannot stand in a transaction, and stays: take it out; '
          : `Its first ${stay} statements cannot stand in a transaction, and stay: take them out; `;
    const left =
      statement !== null && this.#alone.includes(statement)
        ? await findInvalidIndex(this.#options.session.ask, statement.text)
        : null;
    const invalid =
      left === null ? '' : `index ${left} is left invalid; before the next attempt: ${dropSql(left)}; `;
    const text = `${begins}${invalid}of ${stay === 0 ? 'this file' : 'the rest'} nothing ${left === null ? '' : 'else '}is kept${before}`;
    return `${text[0]!.toUpperCase()}${text.slice(1)}`;
  }

  async #failedOpenly({ prepared, statement, cause }: Refused, { applied }: Revision): Promise<MigrateError> {
    const { onEvent, session } = this.#options;
    const sql = statement?.text ?? '';
    onEvent({ kind: 'failed', statement: sql, text: driverText(cause, sql) });
    const left = await findInvalidIndex(session.ask, sql);
    const kept = [
      left === null ? '' : `Index ${left} is left invalid; before the next attempt: ${dropSql(left)};`,
      applied === 0
        ? 'Nothing of this file is applied.'
        : `It says txmode none: statements 1 to ${applied} of ${prepared.statements.length} are applied and stay, and apply goes on at statement ${applied + 1}.`,
    ].join(' ');
    return failureError({
      file: prepared.file,
      statement,
      error: cause,
      kept: kept.trim(),
      format: this.#options.format,
    });
  }

  #cancelled(error: unknown): MigrateError {
    const text = error instanceof MigrateError ? ` ${error.hint}` : '';
    return new MigrateError(
      'cancelled',
      `Cancelled; ${countText(this.#applied)} of this run ${this.#applied === 1 ? 'is' : 'are'} applied, and the one under way was rolled back unless it says txmode none.`,
      `Go on: peakstone migrate apply.${text.startsWith(' It was cancelled') ? '' : text}`,
      error instanceof PgError ? error : undefined,
    );
  }
}

function wholeOf({ revision, statements }: PreparedFile, executionMs: number): Revision {
  return {
    ...revision,
    applied: statements.length,
    total: statements.length,
    error: '',
    errorStatement: '',
    partialHashes: null,
    executedAt: new Date(),
    executionMs,
  };
}

function countText(count: number): string {
  return count === 1 ? '1 file' : `${count} files`;
}
