/**
 * Follows what others change in the databases: who makes a table or grants something with psql finds it served. The notice is
 * the one that REST listens to, sent by the database's own event triggers.
 * @see https://docs.postgrest.org/en/stable/references/schema_cache.html#automatic-schema-cache-reloading
 */
import { type Listener, listen } from '@peakstone/kernel/pg';

const channel = 'pgrst';
const firstCoolDownMs = 100;
const maxCoolDownMs = 2000;

export interface FollowOptions {
  /** Databases, by their connection strings. */
  readonly urls: readonly string[];
  /** Reads the databases again. */
  readonly refresh: () => Promise<void>;
  /** What roles may do is another by now. */
  readonly onPrivileges: () => void;
  /** Told once of a connection that is lost, until it is there again, and of what cannot be read. */
  readonly onProblem: (error: Error) => void;
}

export interface Follow {
  stop(): Promise<void>;
}

export function followDatabases({ urls, refresh, onPrivileges, onProblem }: FollowOptions): Follow {
  let isStopped = false;
  let isPending = false;
  let isRunning = false;

  /** One after the other; a script of a thousand statements asks for a few. */
  const run = async (): Promise<void> => {
    isRunning = true;
    for (let coolDownMs = firstCoolDownMs; isPending && !isStopped; ) {
      isPending = false;
      try {
        await refresh();
      } catch (error) {
        if (!isStopped) onProblem(error as Error);
      }
      await new Promise(resolve => setTimeout(resolve, coolDownMs).unref());
      coolDownMs = Math.min(coolDownMs * 2, maxCoolDownMs);
    }
    isRunning = false;
  };
  const request = (): void => {
    isPending = true;
    if (!isRunning) void run();
  };

  const listeners: readonly Listener[] = urls.map(url => {
    let isLost = false;
    return listen({
      url,
      channels: [channel],
      onListening() {
        // What was changed before it listened was not heard of.
        isLost = false;
        request();
      },
      onLost(error) {
        if (!isLost && !isStopped) onProblem(error);
        isLost = true;
      },
      onNotify(_channel, payload) {
        if (isStopped) return;
        if (payload === '' || payload === 'reload schema') request();
        else if (payload === 'reload privileges') onPrivileges();
      },
    });
  });

  return {
    async stop() {
      isStopped = true;
      await Promise.all(listeners.map(listener => listener.close()));
    },
  };
}
