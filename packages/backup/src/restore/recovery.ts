/** Lets a server recover on a restored folder, and knows what its end means. */
import path from 'node:path';
import { BackupError } from '../errors.ts';
import { handOver, sync } from './extract.ts';
import type { Owner } from './owner.ts';
import type { RestorePlan } from './plan.ts';
import {
  type Files,
  readSettings,
  recoveredFiles,
  recoveryFiles,
  writeFiles,
  writeRecovery,
} from './settings.ts';
import { describeTarget } from './target.ts';
import type { WalFiles } from './walFiles.ts';

/**
 * Starts PostgreSQL on the folder and resolves when it takes connections, which it does once it has recovered.
 * @param onLog each line of its log
 */
export type StartRestored = (
  folder: string,
  options: { readonly onLog: (line: string) => void; readonly signal: AbortSignal },
) => Promise<RunningServer>;

export interface RunningServer {
  /** The superuser's, of the database `postgres`, with settings by which nothing that a database or role was given hinders it. */
  readonly url: string;
  /** Safe to call twice. */
  stop(): Promise<void>;
}

export interface RecoveredServer extends RunningServer {
  readonly lastTransactionAt: string | null;
  /** Once it is stopped: takes out what only the recovery needed. */
  finish(): Promise<void>;
}

export interface RecoverOptions {
  /** Nobody else gets into it yet. */
  readonly folder: string;
  readonly plan: RestorePlan;
  readonly wal: WalFiles;
  readonly settings: Readonly<Record<string, string>>;
  readonly owner: Owner | undefined;
  readonly start: StartRestored;
  readonly signal: AbortSignal;
}

/** Lines that are kept to say why it failed. */
const keptLines = 200;

/** The WAL that follows a backup does not hold the target. */
export class UnreachedError extends BackupError {}

/** @throws {BackupError} TARGET, MISSING, CORRUPT, RECOVERY; what `start` throws where the log does not tell more */
export async function recover(options: RecoverOptions): Promise<RecoveredServer> {
  const { folder, settings, owner, start, signal } = options;
  const log = new RecoveryLog();
  // Nothing of a database that is only being looked at goes into the archive of the one that runs.
  let wanted: Readonly<Record<string, string>> = { ...settings, archive_mode: 'off' };
  const kept = await readSettings(folder);
  await writeRecovery(folder, kept, wanted);
  if (owner) await handOver(folder, owner);
  const write = (files: Files) => (owner ? owner.write(folder, files) : writeFiles(folder, files));
  let server: RunningServer | undefined;
  for (let round = 0; server === undefined; round++) {
    try {
      server = await start(folder, { onLog: log.hear, signal });
    } catch (error) {
      signal.throwIfAborted();
      if (!log.endedBeforeTarget || round === rounds) throw explain(error, log);
      wanted = await whenShort(wanted, options, log);
      log.begin();
      await write(recoveryFiles(kept, wanted));
    }
  }
  const running = server;
  return {
    url: running.url,
    stop: () => running.stop(),
    lastTransactionAt: log.lastTransactionAt,
    async finish() {
      const files = recoveredFiles(kept);
      await write(files);
      for (const name of Object.keys(files)) await sync(path.join(folder, name));
    },
  };
}

/** With what leads there by all that is known, with all there is, and to its end. */
const rounds = 2;

/** How recovery goes on whose WAL has ended before the target. @throws {BackupError} where it does not */
async function whenShort(
  settings: Readonly<Record<string, string>>,
  { plan, wal }: RecoverOptions,
  log: RecoveryLog,
): Promise<Readonly<Record<string, string>>> {
  const command = await wal.more();
  if (command !== undefined) return { ...settings, restore_command: command };
  const isAtEnd = wal.broken ? plan.target.kind === 'lsn' && plan.target.lsn <= wal.end : plan.endsAtTarget;
  if (!isAtEnd) {
    const end = wal.broken ?? plan.gap;
    throw end ? unreachedBy(end) : unreached(plan, log);
  }
  // Nothing was committed between the last record and the target: the end of the WAL is that moment's state.
  return Object.fromEntries(
    Object.entries(settings).filter(([name]) => !/^recovery_target_(?:time|lsn|inclusive)$/.test(name)),
  );
}

function unreachedBy({ code, message, hint, cause }: BackupError): UnreachedError {
  return new UnreachedError(
    code,
    `The target was not found in the WAL that can be read. ${message}`,
    hint,
    cause,
  );
}

function unreached(plan: RestorePlan, log: RecoveryLog): UnreachedError {
  const until = log.lastTransactionAt ? `, whose last transaction was at ${log.lastTransactionAt},` : '';
  return new UnreachedError(
    'TARGET',
    `The WAL that follows backup ${plan.chain.at(-1)!.id}${until} does not hold ${describeTarget(plan.target)}.`,
    plan.target.kind === 'xid' || plan.target.kind === 'name'
      ? 'Look whether it is of another timeline (--timeline), or name a moment (--to).'
      : `Name an earlier moment, or leave it out and give --timeline ${plan.timeline} for the newest state of that timeline.`,
  );
}

function explain(error: unknown, log: RecoveryLog): unknown {
  if (log.fatal === undefined) return error;
  return new BackupError(
    'RECOVERY',
    `PostgreSQL could not recover from the backup: ${log.fatal}`,
    `Restore from another backup (--backup), and run peakstone backup verify. It said last:\n${log.lines.slice(-MAX_LAST_WORDS).join('\n')}`,
    new Error(log.lines.join('\n'), { cause: error }),
  );
}

const MAX_LAST_WORDS = 6;

/** What the server says of its recovery; messages are PostgreSQL's own, untranslated as the server is started. */
class RecoveryLog {
  readonly lines: string[] = [];
  endedBeforeTarget = false;
  lastTransactionAt: string | null = null;
  fatal: string | undefined;

  /** Before it is tried again. */
  begin(): void {
    this.endedBeforeTarget = false;
    this.fatal = undefined;
  }

  readonly hear = (line: string): void => {
    if (this.lines.length >= keptLines) this.lines.shift();
    this.lines.push(line);
    if (line.includes('recovery ended before configured recovery target was reached'))
      this.endedBeforeTarget = true;
    const at = /last completed transaction was at log time (.+)$/.exec(line)?.[1];
    if (at) this.lastTransactionAt = at;
    const fatal = /\b(?:FATAL|PANIC):\s+(.*)$/.exec(line)?.[1];
    if (fatal) this.fatal = fatal;
  };
}
