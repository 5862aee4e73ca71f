/**
 * Reloads on NOTIFY.
 * @see https://docs.postgrest.org/en/stable/references/schema_cache.html#schema-cache-reloading-with-notify
 */
import { type Listener, listen } from '@peakstone/kernel/pg';
import type { RestConfig } from '../config/types.ts';
import type { Emit } from '../events.ts';
import { describeServer, listenerUrl } from './connection.ts';

export interface ListenerDeps {
  readonly emit: Emit;
  /** What the server says of itself, known once the pool has tried to connect. */
  readonly serverVersion: () => Promise<string>;
  readonly reloadCatalog: () => void;
  readonly reloadConfig: () => void;
  /** The connection is lost and `db-pool-automatic-recovery` is off. */
  readonly onGivenUp: (error: Error) => void;
}

export interface ChannelListener {
  readonly isListening: boolean;
  /** Why it listens no more; null while it does, or never did. */
  readonly loss: Error | null;
  stop(): Promise<void>;
}

/** Listens on `db-channel` until stopped. After a loss the catalog is read again, as messages may have been missed. */
export function startListener(config: RestConfig, deps: ListenerDeps): ChannelListener {
  const { dbChannel: channel } = config;
  const url = listenerUrl(config);
  let isListening = false;
  let isStopped = false;
  let loss: Error | null = null;
  const listener: Listener = listen({
    url,
    channels: [channel],
    onListening() {
      isListening = true;
      if (loss !== null) deps.reloadCatalog();
      loss = null;
      void deps
        .serverVersion()
        .then(version => deps.emit({ kind: 'listenerStarted', channel, host: describeServer(url), version }));
    },
    onLost(error, retryInMs) {
      isListening = false;
      loss = error;
      deps.emit({ kind: 'listenerLost', channel, error });
      if (!config.dbPoolAutomaticRecovery) return deps.onGivenUp(error);
      deps.emit({ kind: 'listenerRetrying', seconds: Math.ceil(retryInMs / 1000) });
    },
    onNotify(_channel, payload) {
      // The connection takes a moment to close.
      if (isStopped) return;
      if (payload === '' || payload === 'reload schema') {
        deps.emit({ kind: 'notified', channel, asks: 'schema cache' });
        deps.reloadCatalog();
      } else if (payload === 'reload config') {
        deps.emit({ kind: 'notified', channel, asks: 'config' });
        deps.reloadConfig();
      }
    },
  });
  return {
    get isListening() {
      return isListening;
    },
    get loss() {
      return loss;
    },
    async stop() {
      isListening = false;
      isStopped = true;
      await listener.close();
    },
  };
}
