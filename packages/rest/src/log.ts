/**
 * Events as the reference's log lines: access log to standard output, everything else to standard error.
 * @see https://docs.postgrest.org/en/stable/references/observability.html#logs
 */
import type { LogLevel } from './config/types.ts';
import type { Emit, RestEvent } from './events.ts';
import { accessLine } from './log/accessLine.ts';
import { messagesOf, poolTimeoutMessage } from './log/messages.ts';
import { createLogTime } from './log/time.ts';

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
  const time = createLogTime(options.now ?? (() => new Date()));
  const isAtLeast = (level: LogLevel): boolean => weights[options.level()] >= weights[level];
  const write = (lines: readonly string[]): void => {
    if (lines.length > 0) options.err(lines.map(line => `${time()}: ${line}\n`).join(''));
  };
  const poolTimeouts = createDebounce(quietMs, () => write([poolTimeoutMessage]));

  return event => {
    if (event.kind === 'response') {
      if (logsStatus(options.level(), event.response.status)) options.out(accessLine(event, time()));
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
