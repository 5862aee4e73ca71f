import { ConnectionError } from './errors.ts';
import { Backoff } from './pool/backoff.ts';
import { PRIVILEGED_SEARCH_PATH } from './privileged.ts';
import { quoteIdentifier } from './quote.ts';
import type { Listener, ListenOptions } from './types.ts';
import { Connection, unprepared } from './wire/connection.ts';
import { parseConninfo } from './wire/conninfo.ts';
import { ScriptTask } from './wire/script.ts';
import { openSession } from './wire/session.ts';

/** A silent connection is probed this often: a firewall that forgot it, or a dead host, never says goodbye. */
const probeEveryMs = 30_000;
const probeTimeoutMs = 10_000;

/**
 * Listens on `channels` until closed. Connection losses are reported by `onLost`, and every time it listens (again) by
 * `onListening`, after which the caller should look for itself at what it may have missed.
 *
 * `onLost` is also called when the first attempt fails; attempts go on until `close`.
 * @throws {ConnectionError} when `url` is malformed.
 */
export function listen(options: ListenOptions): Listener {
  const info = parseConninfo(options.url);
  const script = options.channels.map(channel => `LISTEN ${quoteIdentifier(channel)}`).join(';');
  const aborter = new AbortController();
  const backoff = new Backoff();
  let connection: Connection | null = null;
  let retry: NodeJS.Timeout | null = null;
  let probe: NodeJS.Timeout | null = null;

  const lost = (error: Error): void => {
    if (probe) clearInterval(probe);
    probe = null;
    connection = null;
    if (aborter.signal.aborted) return;
    const retryInMs = backoff.next();
    retry = setTimeout(() => void start(), retryInMs);
    options.onLost(error, retryInMs);
  };

  const start = async (): Promise<void> => {
    let opened: Connection;
    try {
      const session = await openSession(info, { search_path: PRIVILEGED_SEARCH_PATH }, aborter.signal);
      if (aborter.signal.aborted) {
        session.socket.destroy();
        return;
      }
      opened = new Connection(
        session,
        info,
        {
          released: () => {},
          closed(_connection, error, unbegun) {
            for (const task of unbegun) task.fail(error);
            lost(error);
          },
          notified: (channel, payload) => {
            try {
              options.onNotify(channel, payload);
            } catch (error) {
              // A listener's bug is not a broken connection: it surfaces as an uncaught exception of its own.
              queueMicrotask(() => {
                throw error;
              });
            }
          },
        },
        unprepared,
      );
    } catch (error) {
      lost(error as Error);
      return;
    }
    connection = opened;
    try {
      await run(opened, script);
    } catch (error) {
      opened.destroy(error as Error);
      return;
    }
    if (opened.isClosed) return;
    backoff.reset();
    probe = setInterval(() => void check(opened, script), probeEveryMs);
    probe.unref();
    options.onListening();
  };

  void start();
  return {
    async close() {
      aborter.abort();
      if (retry) clearTimeout(retry);
      connection?.end();
    },
  };
}

/** Drops a connection that no longer answers; its `closed` then starts the reconnection. */
async function check(connection: Connection, script: string): Promise<void> {
  const timer = setTimeout(
    () => connection.destroy(new ConnectionError('The listening connection does not answer')),
    probeTimeoutMs,
  );
  try {
    // Listening twice changes nothing, and pg_stat_activity goes on showing what the connection is for.
    await run(connection, script);
  } catch (error) {
    connection.destroy(error as Error);
  } finally {
    clearTimeout(timer);
  }
}

function run(connection: Connection, text: string): Promise<unknown> {
  return new Promise((resolve, reject) => connection.submit(new ScriptTask(text, resolve, reject)));
}
