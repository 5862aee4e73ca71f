/** Lets a server recover on a restored folder, and knows what its end means. */
import path from 'node:path';
import type { WalPosition } from '../catalog/wal.ts';
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

/**
 * Starts PostgreSQL on the folder and resolves when it takes connections, which it does once it has recovered.
 * @param onLog each line of its log
 */
export type StartRestored = (
  folder: string,
  options: { readonly onLog: (line: string) => void; readonly signal: AbortSignal },
) => Promise<RunningServer>;

export interface RunningServer {
  /** The superuser's, of the database `postgres` or another one of its own. */
  readonly url: string;
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
  readonly position: WalPosition | undefined;
  readonly settings: Readonly<Record<string, string>>;
  readonly owner: Owner | undefined;
  readonly start: StartRestored;
  readonly signal: AbortSignal;
}

/** Lines that are kept to say why it failed. */
const keptLines = 200;

/** @throws {BackupError} TARGET, RECOVERY; what `start` throws where the log does not tell more */
export async function recover(options: RecoverOptions): Promise<RecoveredServer> {
  const { folder, plan, settings, owner, start, signal } = options;
  const log = new RecoveryLog();
  // Nothing of a database that is only being looked at goes into the archive of the one that runs.
  const quiet = { ...settings, archive_mode: 'off' };
  const kept = await readSettings(folder);
  await writeRecovery(folder, kept, quiet);
  if (owner) await handOver(folder, owner);
  const write = (files: Files) => (owner ? owner.write(folder, files) : writeFiles(folder, files));
  let server: RunningServer;
  try {
    server = await start(folder, { onLog: log.hear, signal });
  } catch (error) {
    signal.throwIfAborted();
    if (!log.endedBeforeTarget) throw explain(error, log);
    if (!holdsTarget(options)) throw unreached(options, log);
    // Nothing was committed between the last transaction and the target: the end of the WAL is that moment's state.
    const toTheEnd = Object.entries(quiet).filter(
      ([name]) => !/^recovery_target_(?:time|inclusive)$/.test(name),
    );
    await write(recoveryFiles(kept, Object.fromEntries(toTheEnd)));
    server = await start(folder, { onLog: log.hear, signal }).catch(again => {
      throw explain(again, log);
    });
  }
  return {
    url: server.url,
    stop: () => server.stop(),
    lastTransactionAt: log.lastTransactionAt,
    async finish() {
      const files = recoveredFiles(kept);
      await write(files);
      for (const name of Object.keys(files)) await sync(path.join(folder, name));
    },
  };

  function holdsTarget({ position }: RecoverOptions): boolean {
    return (
      plan.target.kind === 'time' &&
      // Of a timeline that was left, nobody says until when it is whole.
      position?.timeline === plan.timeline &&
      plan.target.at.getTime() <= Date.parse(position.coveredUntil)
    );
  }
}

function unreached({ plan }: RecoverOptions, log: RecoveryLog): BackupError {
  const until = log.lastTransactionAt ? `, whose last transaction was at ${log.lastTransactionAt}` : '';
  return new BackupError(
    'TARGET',
    `The WAL that follows backup ${plan.chain.at(-1)!.id}${until}, does not hold ${describeTarget(plan.target)}.`,
    plan.target.kind === 'xid' || plan.target.kind === 'name'
      ? 'If it lies before that backup, name an older one with --backup (peakstone backup list).'
      : 'Name an earlier moment, or leave the target out for the newest state.',
  );
}

function explain(error: unknown, log: RecoveryLog): unknown {
  if (log.fatal === undefined) return error;
  return new BackupError(
    'RECOVERY',
    `PostgreSQL could not recover from the backup: ${log.fatal}`,
    'The cause holds its log. Restore from another backup (--backup), and run peakstone backup verify.',
    new Error(log.lines.join('\n'), { cause: error }),
  );
}

/** What the server says of its recovery; messages are PostgreSQL's own, untranslated as the server is started. */
class RecoveryLog {
  readonly lines: string[] = [];
  endedBeforeTarget = false;
  lastTransactionAt: string | null = null;
  fatal: string | undefined;

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
