import { ConnectionError } from './errors.ts';
import type { CopyBothWatch, Result, ScriptWatch } from './types.ts';
import { Connection, unprepared } from './wire/connection.ts';
import { parseConninfo } from './wire/conninfo.ts';
import { CopyBothTask } from './wire/copyBoth.ts';
import { ScriptTask } from './wire/script.ts';
import { openSession } from './wire/session.ts';
import type { Task } from './wire/task.ts';

export interface ReplicationOptions {
  /** As a pool's; the role needs the attribute REPLICATION. */
  readonly url: string;
  /** `application_name`, which names the session in pg_stat_replication and in the server's log. */
  readonly name: string;
  readonly signal?: AbortSignal;
}

/**
 * A session of the physical replication protocol: it speaks replication commands, and no SQL, so that no name of anybody's is
 * looked up in it.
 * @see https://www.postgresql.org/docs/17/protocol-replication.html
 */
export interface ReplicationClient {
  readonly isClosed: boolean;
  /**
   * One command, such as IDENTIFY_SYSTEM or BASE_BACKUP, as a pool's `script`. One at a time.
   * @throws {PgError} what the server refused. @throws {ConnectionError} when the connection is lost.
   */
  command(text: string, watch?: ScriptWatch): Promise<readonly Result[]>;
  /** A command that copies both ways (START_REPLICATION); resolves with the results behind the copy once that has ended. */
  copyBoth(text: string, watch: CopyBothWatch): Promise<readonly Result[]>;
  /** Ends the session; what runs in it fails. */
  close(): void;
}

/** @throws {ConnectionError} when the server cannot be reached or refuses the login, with the reason as cause. */
export async function connectReplication({
  url,
  name,
  signal,
}: ReplicationOptions): Promise<ReplicationClient> {
  const info = parseConninfo(url);
  const session = await openSession(info, { replication: 'true', application_name: name }, signal);
  let lost: Error | null = null;
  const connection = new Connection(
    session,
    info,
    {
      released: () => undefined,
      closed(_connection, error, unbegun) {
        lost = error;
        for (const task of unbegun) task.fail(error);
      },
    },
    unprepared,
  );
  const run = (
    task: (resolve: (results: readonly Result[]) => void, reject: (error: unknown) => void) => Task,
  ): Promise<readonly Result[]> => {
    if (lost) return Promise.reject(new ConnectionError(lost.message, { cause: lost }));
    return new Promise((resolve, reject) => connection.submit(task(resolve, reject)));
  };
  return {
    get isClosed() {
      return connection.isClosed;
    },
    command: (text, watch) =>
      // Without an end of its own for transactions: a replication session knows none.
      run((resolve, reject) => new ScriptTask(text, resolve, reject, watch, () => undefined)),
    copyBoth: (text, watch) => run((resolve, reject) => new CopyBothTask(text, watch, resolve, reject)),
    close: () => connection.end(),
  };
}
