/** Settings of the server itself: where it listens, how long and how much it works. Pure. */
import { availableParallelism } from 'node:os';
import { usualHost } from '@peakstone/kernel/alone';
import { ConfigError } from '@peakstone/kernel/config';
import type { Env } from '@peakstone/kernel/service';
import { flag, seconds, text, whole, word } from './read.ts';

export interface ServerConfig {
  /** A path of a unix socket, or host and port. */
  readonly bind: { readonly host: string; readonly port: number } | { readonly socketPath: string };
  readonly reusePort: boolean;
  /** Begins with a slash, or is empty. */
  readonly pathPrefix: string;
  readonly healthPath: string;
  readonly timeoutMs: number;
  readonly readTimeoutMs: number;
  /** Of a large answer, until the client has it. */
  readonly writeTimeoutMs: number;
  readonly keepAliveMs: number;
  readonly stopTimeoutMs: number;
  readonly workers: number;
  /** Requests that wait for a worker; 0 for any number. */
  readonly queueSize: number;
  readonly maxClients: number;
  readonly memoryIntervalMs: number;
  /** Null without metrics. */
  readonly metricsBind: { readonly host: string; readonly port: number } | null;
  readonly metricsNamespace: string;
  readonly secret: string;
  readonly allowOrigin: string;
  readonly developmentErrors: boolean;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
  readonly logFormat: 'json' | 'pretty' | 'auto';
}

export function readServer(env: Env): ServerConfig {
  const port = text(env, 'PORT');
  const isGuarded = text(env, 'KEY') !== '' || text(env, 'SECRET') !== '';
  const bind = text(env, 'BIND', port === '' ? ':8080' : `:${port}`);
  const metrics = text(env, 'PROMETHEUS_BIND');
  return {
    bind:
      text(env, 'NETWORK') === 'unix'
        ? { socketPath: bind }
        : readBind(
            bind,
            'IMGPROXY_BIND',
            text(env, 'BIND') === '' ? usualHost({ isSet: isGuarded }, '::') : '::',
          ),
    reusePort: flag(env, 'SO_REUSEPORT'),
    pathPrefix: readPath(text(env, 'PATH_PREFIX')),
    healthPath: readPath(text(env, 'HEALTH_CHECK_PATH')),
    timeoutMs: seconds(env, ['TIMEOUT', 'WRITE_TIMEOUT'], 10, { least: 1 }),
    readTimeoutMs: seconds(env, ['READ_REQUEST_TIMEOUT', 'READ_TIMEOUT'], 10, { least: 1 }),
    writeTimeoutMs: seconds(env, 'WRITE_RESPONSE_TIMEOUT', 10, { least: 1 }),
    keepAliveMs: seconds(env, 'KEEP_ALIVE_TIMEOUT', 10),
    stopTimeoutMs: seconds(env, 'GRACEFUL_STOP_TIMEOUT', 20),
    workers: whole(env, ['WORKERS', 'CONCURRENCY'], availableParallelism() * 2, { least: 1, most: 256 }),
    queueSize: whole(env, 'REQUESTS_QUEUE_SIZE', 0),
    maxClients: whole(env, 'MAX_CLIENTS', 2048),
    memoryIntervalMs: seconds(env, 'FREE_MEMORY_INTERVAL', 10),
    metricsBind: metrics === '' ? null : readBind(metrics, 'IMGPROXY_PROMETHEUS_BIND', '::'),
    metricsNamespace: text(env, 'PROMETHEUS_NAMESPACE'),
    secret: text(env, 'SECRET'),
    allowOrigin: text(env, 'ALLOW_ORIGIN'),
    developmentErrors: flag(env, 'DEVELOPMENT_ERRORS_MODE'),
    logLevel: word(env, 'LOG_LEVEL', ['debug', 'info', 'warn', 'error'], 'info'),
    logFormat: readLogFormat(env),
  };
}

const logFormats = { pretty: 'pretty', structured: 'json', json: 'json', gcp: 'json' } as const;

function readLogFormat(env: Env): ServerConfig['logFormat'] {
  const names = Object.keys(logFormats) as (keyof typeof logFormats)[];
  return text(env, 'LOG_FORMAT') === '' ? 'auto' : logFormats[word(env, 'LOG_FORMAT', names, 'pretty')];
}

/** `host:port`; `:port` for `everywhere`. */
function readBind(
  bind: string,
  name: string,
  everywhere: string,
): { readonly host: string; readonly port: number } {
  const match = /^(.*):(\d{1,5})$/.exec(bind);
  const port = Number(match?.[2]);
  if (match === null || port > 65_535) {
    throw new ConfigError(name, 'an address such as :8080 or 127.0.0.1:8080', { got: bind });
  }
  return { host: match[1]!.replace(/^\[|\]$/g, '') || everywhere, port };
}

/** With a slash before it and none behind. */
function readPath(path: string): string {
  const plain = path.replace(/[?#].*$/s, '').replace(/\/$/, '');
  return plain === '' || plain.startsWith('/') ? plain : `/${plain}`;
}
