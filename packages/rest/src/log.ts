/**
 * Events as the reference's log lines: access log to standard output, everything else to standard error.
 * @see https://docs.postgrest.org/en/stable/references/observability.html#logs
 */
import type { HttpResponse } from '@peakstone/kernel/http';
import type { LogLevel } from './config/types.ts';
import { renderErrorBody, toRestError } from './errors.ts';
import type { Emit, FatalReason, RestEvent } from './events.ts';

export interface LogOptions {
  /** Asked for each event, as it can be reloaded. */
  readonly level: () => LogLevel;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly now?: () => Date;
}

const weights: Readonly<Record<LogLevel, number>> = { crit: 0, error: 1, warn: 2, info: 3, debug: 4 };

/** Time during which a burst of pool time-outs is logged once. */
const quietMs = 5_000;

/** Makes the subscriber that writes the log. */
export function createLog(options: LogOptions): Emit {
  const clock = createClock(options.now ?? (() => new Date()));
  const isAtLeast = (level: LogLevel): boolean => weights[options.level()] >= weights[level];
  const write = (lines: readonly string[]): void => {
    if (lines.length > 0) options.err(lines.map(line => `${clock()}: ${line}\n`).join(''));
  };
  const poolTimeouts = createDebounce(quietMs, () => write([poolTimeoutLine]));

  return event => {
    if (event.kind === 'response') {
      if (logsStatus(options.level(), event.response.status)) options.out(accessLine(event, clock()));
      return;
    }
    if (event.kind === 'query' && !logsStatus(options.level(), event.status)) return;
    if (!isAtLeast(levelOf(event))) return;
    if (event.kind === 'pool' && event.event.kind === 'acquireTimeout') poolTimeouts();
    else write(messagesOf(event));
  };
}

function levelOf(event: RestEvent): LogLevel {
  switch (event.kind) {
    case 'catalogMissing':
    case 'queryFailed':
      return 'error';
    case 'pool':
      return event.event.kind === 'acquireTimeout' ? 'error' : 'debug';
    case 'poolRequest':
    case 'poolRequestFulfilled':
    case 'poolFlushed':
    case 'jwtCache':
    case 'serverFault':
      return 'debug';
    default:
      return 'crit';
  }
}

function logsStatus(level: LogLevel, status: number): boolean {
  switch (level) {
    case 'crit':
      return false;
    case 'error':
      return status >= 500;
    case 'warn':
      return status >= 400;
    default:
      return true;
  }
}

const poolTimeoutLine =
  '{"code":"PGRST003","details":null,"hint":null,"message":"Timed out acquiring connection from connection pool."}';

const fatalMessages: Readonly<Record<FatalReason, string>> = {
  authentication: 'Failed to establish a connection. ',
  transactionPooling:
    'If you are using connection poolers in transaction mode, try setting db-prepared-statements to false. ',
  statementPooling: 'Connection poolers in statement mode are not supported.',
};

const legacyTargetNamesMessage =
  'Embedded resource was referenced by relation name even though it has an alias. This is deprecated and will stop working in a future release.';

/** The text of the Warning header and the log for filters that name an aliased embed by its relation. */
export function legacyTargetNamesText(replacements: readonly (readonly [string, string])[]): {
  readonly message: string;
  readonly hint: string;
} {
  return {
    message: legacyTargetNamesMessage,
    hint: replacements.map(([name, alias]) => `\`${name}\` to \`${alias}\``).join(', '),
  };
}

/** The lines of an event; none for what is only counted. */
function messagesOf(event: Exclude<RestEvent, { kind: 'response' }>): readonly string[] {
  switch (event.kind) {
    case 'starting':
      return [`Starting PostgREST ${event.version}...`];
    case 'listening':
      return [`${event.server} server listening on ${event.address}`];
    case 'signal':
      return [`Received termination unix signal ${event.signal}`];
    case 'serverFault':
      return [`Server: ${onOneLine(String(event.error))}`];
    case 'connected':
      return [`Successfully connected to ${event.version}`];
    case 'versionFailed':
      return [`Failed to query the PostgreSQL version. ${asJson(event.error)}`];
    case 'unsupportedVersion':
      return [
        `Cannot run in this PostgreSQL version (${event.version}), PostgREST needs at least ${event.minimum}`,
      ];
    case 'retrying':
      return [`Attempting to reconnect to the database in ${event.seconds} seconds...`];
    case 'noRecovery':
      return ['Automatic recovery disabled, exiting.'];
    case 'fatal':
      return [fatalMessages[event.reason] + asJson(event.error)];
    case 'poolReady':
      return [`Connection Pool initialized with a maximum size of ${event.size} connections`];
    case 'poolFlushed':
      return ['Database connection pool flushed'];
    case 'poolRequest':
      return ['Trying to borrow a connection from pool'];
    case 'poolRequestFulfilled':
      return ['Borrowed a connection from the pool'];
    case 'pool':
      return poolMessages(event.event);
    case 'catalogMissing':
      return [
        '{"code":"PGRST002","details":null,"hint":null,"message":"Could not query the database for the schema cache. Retrying."}',
      ];
    case 'catalogFailed':
      return [
        `Failed to load the schema cache using db-schemas=${event.schemas.join(',')} and db-extra-search-path=${event.extraSearchPath.join(',')}. ${asJson(event.error)}`,
      ];
    case 'catalogLoaded': {
      const milliseconds = event.queriedInMs.toFixed(1);
      return [
        `Schema cache queried in ${milliseconds} milliseconds`,
        `Schema cache loaded ${event.summary}`,
        `Schema cache loaded in ${milliseconds} milliseconds`,
      ];
    }
    case 'configReloaded':
      return ['Config reloaded'];
    case 'configInvalid':
      return [`Failed reloading config: ${event.message}`];
    case 'databaseSettingsFailed':
      return [`Failed to query database settings for the config parameters.${asJson(event.error)}`];
    case 'roleSettingsFailed':
      return [`Failed to query the role settings. ${asJson(event.error)}`];
    case 'deprecatedRoleClaimKey':
      return [
        `WARNING: The config \`jwt-role-claim-key=${event.path}\` is using the deprecated JSPath syntax.`,
        `Update \`jwt-role-claim-key=${event.path}\` to the new JSONPath syntax as support for JSPath will be removed in a future release. See the migration guide on how to update: https://github.com/PostgREST/postgrest/blob/main/CHANGELOG.md#migration-to-v16`,
      ];
    case 'listenerStarted':
      return [
        `Listener connected to ${event.version} on ${JSON.stringify(event.host)} and listening for database notifications on the ${JSON.stringify(event.channel)} channel`,
      ];
    case 'listenerLost':
      return [
        `Failed listening for database notifications on the ${JSON.stringify(event.channel)} channel. ${onOneLine(event.error.message)}`,
      ];
    case 'listenerRetrying':
      return [`Retrying listening for database notifications in ${event.seconds} seconds...`];
    case 'notified':
      return [`Received a ${event.asks} reload message on the ${JSON.stringify(event.channel)} channel`];
    case 'jwtCache':
      return event.event === 'evicted' ? ['Evicted entry from JWT cache'] : ['Looked up a JWT in JWT cache'];
    case 'query':
      return event.statements.map(onOneLine);
    case 'queryFailed':
      return [asJson(event.error)];
    case 'legacyTargetNames': {
      const { message, hint } = legacyTargetNamesText(event.replacements);
      return [
        `WARNING: ${message}`,
        `Update filters, orders or limits that use ${hint} in \`${event.method} ${event.target}\``,
      ];
    }
  }
}

function poolMessages(event: Extract<RestEvent, { kind: 'pool' }>['event']): readonly string[] {
  switch (event.kind) {
    case 'connected':
      return [`Connection ${event.pid} is available due to connection establishment`];
    case 'disconnected':
      return [`Connection ${event.pid} is terminated due to ${onOneLine(event.reason)}`];
    case 'connectFailed':
      return [`Connection is terminated due to init failure: ${onOneLine(event.error.message)}`];
    case 'acquireTimeout':
      return [poolTimeoutLine];
  }
}

/** An error as the body a client would get: never a password, as connection errors don't hold one. */
const asJson = (error: unknown): string => renderErrorBody(toRestError(error, false), 'verbose');

const onOneLine = (text: string): string => text.replace(/\s*\n\s*/g, ' ');

/** Apache's combined format; `-` for what is not known. */
function accessLine(event: Extract<RestEvent, { kind: 'response' }>, time: string): string {
  const { request, role, response } = event;
  const { referer = '', 'user-agent': agent = '' } = request.headers;
  const text = `${request.remoteAddress || '-'} - ${role ?? '-'} [${time}] "${request.method} ${request.target} HTTP/1.1" ${response.status} ${contentLength(response) ?? '-'} "${referer}" "${agent}"`;
  // A header may hold what would forge a second line.
  return `${text.replace(/[\x00-\x1f\x7f]/g, ' ')}\n`;
}

/** Bytes of the body, null when not known in advance. */
function contentLength({ headers, body }: HttpResponse): number | null {
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i]!.toLowerCase() === 'content-length') return Number(headers[i + 1]);
  }
  if (body === null) return 0;
  if (typeof body === 'string') return Buffer.byteLength(body);
  if (body instanceof Uint8Array) return body.byteLength;
  return Array.isArray(body)
    ? body.reduce((sum: number, part: Uint8Array) => sum + part.byteLength, 0)
    : null;
}

/** Gathers what is written within one turn of the event loop: a busy access log costs one system call a turn, not a request. */
export function batched(write: (text: string) => void): (text: string) => void {
  let waiting = '';
  return text => {
    if (waiting === '') {
      setImmediate(() => {
        const batch = waiting;
        waiting = '';
        write(batch);
      });
    }
    waiting += text;
  };
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** The time as `24/Nov/2026:10:22:58 +0000`, in the local zone; made once a second. */
function createClock(now: () => Date): () => string {
  let second = Number.NaN;
  let text = '';
  return () => {
    const date = now();
    const current = Math.floor(date.getTime() / 1000);
    if (current !== second) {
      second = current;
      text = formatTime(date);
    }
    return text;
  };
}

function formatTime(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const offset = -date.getTimezoneOffset();
  const zone = `${offset < 0 ? '-' : '+'}${two(Math.floor(Math.abs(offset) / 60))}${two(Math.abs(offset) % 60)}`;
  return `${two(date.getDate())}/${months[date.getMonth()]}/${date.getFullYear()}:${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())} ${zone}`;
}

/** Acts at once, and once more at the end of the pause if it was called meanwhile. */
function createDebounce(pauseMs: number, action: () => void): () => void {
  let timer: NodeJS.Timeout | null = null;
  let isPending = false;
  const act = (): void => {
    action();
    timer = setTimeout(() => {
      timer = null;
      if (!isPending) return;
      isPending = false;
      act();
    }, pauseMs);
    timer.unref();
  };
  return () => {
    if (timer) isPending = true;
    else act();
  };
}
