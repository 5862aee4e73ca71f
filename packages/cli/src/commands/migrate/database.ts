import type { Furniture, MigrateSession, MigrationFolder } from '@peakstone/stack/migrate';
import { type Context, type Invocation, type Option, stackOptions } from '../../grammar/command.ts';
import { CliError, UsageError } from '../../grammar/errors.ts';
import { printable } from '../../output/printable.ts';
import { stackOf } from '../../stack.ts';

/** Options of the commands that look at a database's history. */
export const databaseOptions = {
  url: {
    kind: 'text',
    short: 'u',
    value: 'URL',
    summary:
      'Another database than the stack’s: postgres://…, the server itself and no pooler; a password is better in PGPASSWORD or ~/.pgpass',
  },
  'revisions-schema': {
    kind: 'text',
    value: 'NAME',
    summary: 'Schema of the table of revisions (default atlas_schema_revisions)',
  },
  ...stackOptions,
} as const satisfies Record<string, Option>;

/** Options of the commands that change it. */
export const lockOption = {
  'lock-timeout': {
    kind: 'text',
    value: 'TIME',
    summary: 'How long another’s migration of this database is waited for (default 10s)',
  },
} as const satisfies Record<string, Option>;

export const jsonOptions = {
  json: { kind: 'flag', summary: 'Print JSON on standard output, shaped as Atlas’ {{ json . }}' },
  format: { kind: 'text', value: 'TEMPLATE', summary: "Atlas’ option; understood is '{{ json . }}' alone" },
} as const satisfies Record<string, Option>;

/** The database that a command line means. */
export interface MigrationTarget {
  readonly url: string;
  /** What a database of the stack comes with. */
  readonly furniture: Furniture | undefined;
  /** Returns when the stack's APIs serve what was made; nothing to wait for in other databases. */
  readonly awaitApis: () => Promise<void>;
}

/** @throws {StackError} `notRunning` */
export async function targetOf(
  invocation: Invocation,
  context: Context,
  { format }: Pick<MigrationFolder, 'format'>,
): Promise<MigrationTarget> {
  const { url } = invocation.options;
  if (typeof url === 'string') return { url, furniture: undefined, awaitApis: async () => undefined };
  const { awaitSchema, databaseUrl } = await import('@peakstone/stack');
  const { furnitureOf, openHistory } = await import('@peakstone/stack/migrate');
  const paths = await stackOf(invocation, context);
  await openHistory(format, paths, context.env);
  return {
    url: await databaseUrl(paths, context.env, 'db_migrator'),
    furniture: await furnitureOf(paths, context.env),
    awaitApis: async () => {
      const late = await awaitSchema(paths);
      if (late !== null) context.stderr.write(`${late}\n`);
    },
  };
}

/** Does `work` in a session that nobody else migrates meanwhile. */
export async function withSession<T>(
  url: string,
  { options }: Invocation,
  { stderr }: Context,
  signal: AbortSignal,
  work: (session: MigrateSession) => Promise<T>,
  lockTimeoutMs?: number,
): Promise<T> {
  const { MigrateSession } = await import('@peakstone/stack/migrate');
  const session = await MigrateSession.open(
    {
      url,
      lockTimeoutMs: lockTimeoutMs ?? (await timeOf(options, 'lock-timeout', 10_000)),
      tableLockTimeoutMs: await timeOf(options, 'table-lock-timeout', 5_000),
      onNotice: text => void stderr.write(`notice: ${printable(text)}\n`),
    },
    signal,
  );
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}

/** Milliseconds. @throws {UsageError} */
async function timeOf(options: Invocation['options'], name: string, byDefault: number): Promise<number> {
  const { parseDuration } = await import('@peakstone/stack/migrate');
  const text = options[name];
  if (typeof text !== 'string') return byDefault;
  const ms = parseDuration(text);
  if (ms === null)
    throw new UsageError(`--${name} needs a time, not '${text}'.`, 'Such as 500ms, 10s or 1m30s.');
  return ms;
}

/** Whether the result shall be JSON. @throws {UsageError} for other templates. */
export function wantsJson({ options }: Invocation): boolean {
  const { json, format } = options;
  if (format !== undefined && !/^\{\{\s*json\s+\.\s*\}\}$/.test(String(format)))
    throw new UsageError(
      `--format '${format}' is none that is understood here.`,
      "It is '{{ json . }}'; take the rest out of that: … | jq .Pending",
    );
  return json === true || format !== undefined;
}

/** The schema of the table of revisions, where it is named. */
export function revisionsSchemaOf({ options }: Invocation): string | undefined {
  const name = options['revisions-schema'];
  if (name === '') throw new CliError('--revisions-schema needs a name.', { hint: 'Such as public.' });
  return typeof name === 'string' ? name : undefined;
}
