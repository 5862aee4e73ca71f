import { suggest } from '@peakstone/kernel/config';
import type { LogLine } from '@peakstone/stack';
import { type Command, type Context, jsonOption, stackOptions, usualServices } from '../grammar/command.ts';
import { CliError, exitCodes, UsageError } from '../grammar/errors.ts';
import { padded } from '../output/grid.ts';
import { toJson } from '../output/json.ts';
import { printable } from '../output/printable.ts';
import { styleFor } from '../output/style.ts';
import { stackOf } from '../stack.ts';

export const logs: Command = {
  name: 'logs',
  summary: 'show the log lines of the services',
  description: 'Lines are kept in DATA/logs, about 15 MB a service, and can be read while the stack is down.',
  arguments: [
    {
      name: 'SERVICE',
      summary: 'postgres, rest, gateway, stack … (all when left out)',
      likely: [...usualServices, 'stack'],
      required: false,
      many: true,
    },
  ],
  options: {
    follow: { kind: 'flag', short: 'f', summary: 'Go on with lines as they come, until Ctrl-C' },
    since: {
      kind: 'text',
      value: 'WHEN',
      summary: 'Only lines from then on: 90s, 10m, 2h, 1d, or a time such as 2026-01-31T12:00',
    },
    tail: {
      kind: 'integer',
      short: 'n',
      value: 'LINES',
      range: [0, 1_000_000],
      summary: 'Only the last so many lines (default 100, or all with --since)',
    },
    ...stackOptions,
    ...jsonOption,
  },
  examples: [
    { command: 'peakstone logs -f', does: 'Everything, live' },
    { command: 'peakstone logs postgres --since 1h', does: 'What the database said in the last hour' },
  ],
  run: async ({ options, arguments: names }, context) => {
    const { assertOwnDataFolder, followLogs, loggedServices, logNames, readLogs, whyQuiet } = await import(
      '@peakstone/stack'
    );
    const paths = await stackOf({ options }, context);
    assertOwnDataFolder(paths);
    const { logs: folder } = paths;
    const logged = loggedServices(folder);
    if (logged.length === 0 && !options.follow) {
      throw new CliError(`There are no logs in ${folder}.`, {
        exitCode: exitCodes.notRunning,
        hint: `Start the stack with 'peakstone up', or name its folder with --data.`,
      });
    }
    const known = [...new Set([...logNames, ...logged])].sort();
    const unknown = names.find(name => !known.includes(name));
    if (unknown !== undefined) {
      const near = suggest(unknown, known);
      throw new UsageError(
        `There is no log of '${unknown}'.`,
        `${near ? `Did you mean '${near}'? ` : ''}There are: ${known.join(', ')}.`,
      );
    }
    const since = typeof options.since === 'string' ? parseSince(options.since, new Date()) : undefined;
    const tail = typeof options.tail === 'number' ? options.tail : since ? undefined : 100;
    const print = linePrinter(
      context,
      names.length === 1 ? 0 : Math.max(0, ...logged.map(name => name.length)),
      options.json === true,
    );
    const abort = new AbortController();
    const interrupt = (): void => abort.abort();
    if (options.follow) process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
    // Opened before the past is read, so that no line falls between; one written in that moment may come twice.
    const following = options.follow ? await followLogs(folder, names, abort.signal) : null;
    const lines = await readLogs(folder, {
      services: names,
      ...(since ? { since } : {}),
      ...(tail === undefined ? {} : { tail }),
    });
    for (const line of lines) print(line);
    // A name that was asked for, and nothing said: on its own stream, so that lines stay lines.
    const quiet = tail === 0 ? [] : names.filter(name => !lines.some(({ service }) => service === name));
    for (const name of quiet) {
      const why = await whyQuiet(paths, context.env, name, { since });
      if (why !== null) context.stderr.write(`${name} ${why}\n`);
    }
    if (following) for await (const line of following) print(line);
    return exitCodes.ok;
  },
};

function linePrinter({ stdout, env }: Context, width: number, json: boolean): (line: LogLine) => void {
  if (json) return line => stdout.write(`${toJson(line)}\n`);
  const style = styleFor(stdout, env);
  return ({ service, time, text: raw }) => {
    const text = printable(readable(raw));
    const name = width === 0 ? '' : `${style.bold(padded(service, width))}  `;
    stdout.write(`${style.dim(time)}  ${name}${text}\n`);
  };
}

/** A service's line without the time it stamps itself, as each is shown with one; structured ones as `level message key=value`. Pure. */
export function readable(line: string): string {
  if (line.startsWith('{"time":')) return readableRecord(line);
  if (line.startsWith('{"type":"http-log"')) return readableRequest(line);
  return line
    .replace(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? \w+ (?:\[\d+\] )?/, '')
    .replace(/^user= db= app= client= /, '')
    .replace(/^\d\d\/\w{3}\/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}: /, '');
}

/** Of GraphQL, in Hasura's form. */
function readableRequest(line: string): string {
  try {
    const { level, detail } = JSON.parse(line) as HttpLog;
    const { operation, http_info: http } = detail;
    const { user_vars: user, error, operation_name: name } = operation;
    return [
      level,
      `${http.method} ${http.url} status=${http.status} ms=${(operation.query_execution_time * 1000).toFixed(2)}`,
      ...(name === undefined ? [] : [`operation=${name}`]),
      ...(user === null ? [] : [`role=${user['x-hasura-role']}`]),
      ...(error === undefined ? [] : [`${error.code} at ${error.path}: ${error.error}`]),
    ].join(' ');
  } catch {
    // As below.
    return line;
  }
}

interface HttpLog {
  readonly level: string;
  readonly detail: {
    readonly operation: {
      readonly user_vars: Readonly<Record<string, string>> | null;
      readonly error?: { readonly code: string; readonly path: string; readonly error: string };
      readonly operation_name?: string;
      readonly query_execution_time: number;
    };
    readonly http_info: { readonly method: string; readonly url: string; readonly status: number };
  };
}

function readableRecord(line: string): string {
  try {
    const { time: _, level, message, ...fields } = JSON.parse(line) as Record<string, unknown>;
    const pairs = Object.entries(fields).map(
      ([name, value]) => `${name}=${typeof value === 'string' ? value : toJson(value)}`,
    );
    return [`${level}`, `${message}`, ...pairs].join(' ');
  } catch {
    // A line that was cut for its length is shown as it is.
    return line;
  }
}

const unitMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * A moment from `90s`, `10m`, `2h`, `1d` (ago) or anything that names a date. Pure.
 * @throws {UsageError}
 */
export function parseSince(text: string, now: Date): Date {
  const ago = /^(\d{1,9})([smhd])$/.exec(text);
  if (ago) return new Date(now.getTime() - Number(ago[1]) * unitMs[ago[2]!]!);
  // A date alone would count as UTC, a time as local: both are meant as local.
  const moment = /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00` : text;
  const date = /^\d{4}-\d\d/.test(text) ? new Date(moment) : new Date(Number.NaN);
  if (Number.isNaN(date.getTime())) {
    throw new UsageError(
      `--since cannot be '${text}'.`,
      'Say how long ago (90s, 10m, 2h, 1d) or when (2026-01-31, 2026-01-31T12:00, in local time).',
    );
  }
  return date;
}
