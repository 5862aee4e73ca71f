import { formatJson, formatPretty, type LogLevel, type LogRecord } from './format.ts';
import { Redactor } from './redact.ts';
import { LogSink, type LogStream } from './sink.ts';

export type LogFields = Readonly<Record<string, unknown>>;

const WEIGHT: Readonly<Record<LogLevel | 'silent', number>> = {
  debug: 10,
  info: 20,
  warn: 30,
  error: 40,
  silent: 99,
};

export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** Whether records of this level are written; saves building costly fields. */
  enabled(level: LogLevel): boolean;
  /** The same log with fields on every record. */
  child(fields: LogFields): Logger;
  /** Masks a value in every record from now on, in this log and all its children. */
  registerSecret(secret: string): void;
  /** Writes out what is buffered. */
  flush(): void;
}

export interface LoggerOptions {
  /** Default `info`. */
  readonly level?: LogLevel | 'silent';
  /** `auto` (default) is `pretty` on a terminal and JSON lines elsewhere. */
  readonly format?: 'json' | 'pretty' | 'auto';
  /** Default stderr. */
  readonly stream?: LogStream;
  readonly fields?: LogFields;
  /** Values never to be printed. */
  readonly secrets?: readonly string[];
  /** Default the system's clock. */
  readonly now?: () => Date;
}

/**
 * Makes a structured log. Records are written in batches, once an event-loop turn, and dropped
 * (and counted) when their reader is slower than the service: logging never holds a request up.
 */
export function createLogger(options: LoggerOptions = {}): Logger {
  const stream = options.stream ?? process.stderr;
  const pretty = options.format === 'pretty' || (options.format !== 'json' && stream.isTTY === true);
  const colour = stream.isTTY === true && !process.env.NO_COLOR;
  const format = (record: LogRecord) => (pretty ? formatPretty(record, colour) : formatJson(record));
  const now = options.now ?? (() => new Date());
  const redactor = new Redactor();
  for (const secret of options.secrets ?? []) redactor.register(secret);
  const sink = new LogSink(stream, dropped =>
    format({
      time: now(),
      level: 'warn',
      message: 'Log records were dropped: their reader is too slow',
      fields: { dropped },
    }),
  );
  const threshold = WEIGHT[options.level ?? 'info'];

  const make = (inherited: LogFields): Logger => {
    const log = (level: LogLevel, message: string, fields: LogFields | undefined): void => {
      if (WEIGHT[level] < threshold) return;
      const clean: Record<string, unknown> = { ...inherited };
      for (const key in fields) clean[key] = redactor.field(key, fields[key]);
      sink.write(format({ time: now(), level, message: redactor.text(message), fields: clean }));
    };
    return {
      debug: (message, fields) => log('debug', message, fields),
      info: (message, fields) => log('info', message, fields),
      warn: (message, fields) => log('warn', message, fields),
      error: (message, fields) => log('error', message, fields),
      enabled: level => WEIGHT[level] >= threshold,
      child: fields => make({ ...inherited, ...(redactor.value(fields) as LogFields) }),
      registerSecret: secret => redactor.register(secret),
      flush: () => sink.flush(),
    };
  };
  return make((redactor.value(options.fields ?? {}) as LogFields) ?? {});
}
