import { ConnectionError } from './errors.ts';
import type { Result, ScriptWatch } from './types.ts';
import { Connection, unprepared } from './wire/connection.ts';
import { parseConninfo } from './wire/conninfo.ts';
import { ScriptTask } from './wire/script.ts';
import { openSession } from './wire/session.ts';
import { statusFailed, statusIdle } from './wire/task.ts';

/** Whether statements stand in a transaction of their own; `failed` takes nothing but its end. */
export type TransactionState = 'none' | 'open' | 'failed';

export interface ClientOptions {
  /** As a pool's. */
  readonly url: string;
  /** Start-up parameters such as `application_name`. */
  readonly parameters?: Readonly<Record<string, string>>;
  readonly onNotify?: (channel: string, payload: string) => void;
}

/**
 * One connection of one's own, as a person at a prompt has it: settings, temporary tables and open transactions last from
 * script to script, and nothing replaces it when it is lost.
 */
export interface Client {
  readonly transaction: TransactionState;
  readonly isClosed: boolean;
  /**
   * As a pool's `script`, but a transaction that it leaves open stays open. One at a time.
   * @throws {PgError} what the server refused. @throws {ConnectionError} when the connection is lost.
   */
  script(text: string, watch?: ScriptWatch): Promise<readonly Result[]>;
  /** Asks the server to cancel the script under way, which then fails with 57014; nothing when none is. */
  cancel(): void;
  /** Rolls back what is open, as the server does when a connection ends; what runs is left to its end. */
  close(): void;
}

/** @throws {ConnectionError} when the server cannot be reached, with the reason as cause. */
export async function connectClient({ url, parameters = {}, onNotify }: ClientOptions): Promise<Client> {
  const info = parseConninfo(url);
  const session = await openSession(info, parameters);
  let transaction: TransactionState = 'none';
  let running = false;
  let lost: Error | null = null;
  let onReleased: () => void = () => undefined;
  const connection = new Connection(
    session,
    info,
    {
      released: () => onReleased(),
      closed: (_connection, error) => {
        lost = error;
        transaction = 'none';
        onReleased();
      },
      notified: (channel, payload) => onNotify?.(channel, payload),
    },
    unprepared,
  );
  const onReady = (status: number): void => {
    transaction = status === statusIdle ? 'none' : status === statusFailed ? 'failed' : 'open';
  };
  return {
    get transaction() {
      return transaction;
    },
    get isClosed() {
      return connection.isClosed;
    },
    async script(text, watch) {
      if (lost) throw new ConnectionError(lost.message, { cause: lost });
      running = true;
      try {
        return await new Promise((resolve, reject) => {
          connection.submit(new ScriptTask(text, resolve, reject, watch, onReady));
        });
      } finally {
        running = false;
        // A cancel on its way must not hit what comes next.
        if (connection.depth > 0) {
          await new Promise<void>(resolve => {
            onReleased = resolve;
          });
        }
      }
    },
    cancel() {
      if (running) connection.cancel();
    },
    close: () => connection.end(),
  };
}
