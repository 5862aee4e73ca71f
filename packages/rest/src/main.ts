/**
 * The command line, flag for flag the reference's.
 * @see https://docs.postgrest.org/en/stable/references/cli.html
 */
import { parseArgs } from 'node:util';
import { loadCatalog } from '@peakstone/kernel/catalog';
import { createPool, type Pool } from '@peakstone/kernel/pg';
import { type Env, releaseMemoryAtRest } from '@peakstone/kernel/service';
import { streamCatalog } from './admin/dumpCatalog.ts';
import { checkReady } from './admin/ready.ts';
import { readDatabaseConfig } from './config/database.ts';
import { dumpConfig } from './config/dump.ts';
import { ConfigError } from './config/error.ts';
import { exampleConfig } from './config/example.ts';
import { readConfig } from './config/read.ts';
import type { RestConfig } from './config/types.ts';
import type { Emit } from './events.ts';
import { assertConnectable, poolUrl } from './service/connection.ts';
import { restService } from './service.ts';
import { prettyVersion } from './version.ts';

const usage = `PostgREST ${prettyVersion} / create a REST API to an existing Postgres database

Usage: peakstone rest [-v|--version] [-e|--example] [--dump-config | --dump-schema | --ready] [FILENAME]

  FILENAME                 Path to configuration file (also --config FILENAME)
  -h,--help                Show this help text
  -v,--version             Show the version information
  -e,--example             Show an example configuration file
  --dump-config            Dump loaded configuration and exit
  --dump-schema            Dump loaded schema as JSON and exit (for debugging, output structure is unstable)
  --ready                  Checks the health of PostgREST by doing a request on the admin server /ready endpoint
`;

const options = {
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
  example: { type: 'boolean', short: 'e' },
  'dump-config': { type: 'boolean' },
  'dump-schema': { type: 'boolean' },
  ready: { type: 'boolean' },
  config: { type: 'string' },
} as const;

/**
 * Runs until a signal ends it, or the command is done.
 * @returns the exit code: 0, or 1 for what went wrong (said on standard error).
 */
export async function runRest(argv: readonly string[], env: Env): Promise<number> {
  let flags: ReturnType<typeof parse>;
  try {
    flags = parse(argv);
  } catch (error) {
    return fail(`${(error as Error).message}\n\n${usage}`);
  }
  const { values, path } = flags;
  if (values.help) return print(usage);
  if (values.version) return print(`PostgREST ${prettyVersion}\n`);
  if (values.example) return print(exampleConfig);
  try {
    if (values['dump-config']) return await dump(path, env);
    if (values['dump-schema']) return await dumpSchema(path, env);
    if (values.ready) {
      const { ok, message } = await checkReady(await readConfig({ path, env }));
      return ok ? print(`${message}\n`) : fail(message);
    }
    return await serve(path, env);
  } catch (error) {
    if (error instanceof ConfigError || isListenError(error)) return fail((error as Error).message);
    throw error;
  }
}

function parse(argv: readonly string[]) {
  const { values, positionals } = parseArgs({ args: [...argv], options, allowPositionals: true });
  if (positionals.length > 1) throw new Error(`Unexpected argument: ${positionals[1]}`);
  return { values, path: values.config ?? positionals[0] };
}

async function serve(path: string | undefined, env: Env): Promise<number> {
  const end = Promise.withResolvers<number>();
  const aborter = new AbortController();
  // Before there is a service there is no log either; a signal then just ends the start.
  let tell: Emit = () => {};
  const onSignal = (signal: 'SIGINT' | 'SIGTERM') => (): void => {
    tell({ kind: 'signal', signal });
    aborter.abort();
    end.resolve(0);
  };
  const signals = { SIGINT: onSignal('SIGINT'), SIGTERM: onSignal('SIGTERM') } as const;
  for (const [name, listener] of Object.entries(signals)) process.on(name, listener);
  let reloadCatalog = (): void => {};
  let reloadConfig = (): void => {};
  const onUsr1 = (): void => reloadCatalog();
  const onUsr2 = (): void => reloadConfig();
  process.on('SIGUSR1', onUsr1).on('SIGUSR2', onUsr2);
  const stopReleasing = releaseMemoryAtRest();
  try {
    const service = await restService.start(
      { path, env },
      {
        onFatal: () => {
          end.resolve(1);
          aborter.abort();
        },
      },
      aborter.signal,
    );
    tell = service.emit;
    reloadCatalog = () => service.reloadCatalog();
    reloadConfig = () => void service.reloadConfig();
    const code = await end.promise;
    await service.stop();
    return code;
  } catch (error) {
    if (aborter.signal.aborted) return await end.promise;
    throw error;
  } finally {
    for (const [name, listener] of Object.entries(signals)) process.off(name, listener);
    stopReleasing();
    process.off('SIGUSR1', onUsr1).off('SIGUSR2', onUsr2);
  }
}

async function dump(path: string | undefined, env: Env): Promise<number> {
  const config = await readConfig({ path, env });
  return print(dumpConfig(config.dbConfig ? await withDatabase(config, path, env) : config));
}

/** As at a start: what the database does not say counts as not set, and is no reason to fail. */
async function withDatabase(config: RestConfig, path: string | undefined, env: Env): Promise<RestConfig> {
  const database = await withPool(config, pool =>
    readDatabaseConfig(pool, config.dbPreConfig, (unread, error) => {
      const what =
        unread === 'settings' ? 'database settings for the config parameters' : 'the role settings';
      process.stderr.write(`Failed to query ${what}. ${(error as Error).message}\n`);
    }),
  );
  return await readConfig({ path, env, database, dbUri: config.dbUri });
}

async function dumpSchema(path: string | undefined, env: Env): Promise<number> {
  const file = await readConfig({ path, env });
  const config = file.dbConfig ? await withDatabase(file, path, env) : file;
  return await withPool(config, async pool => {
    try {
      const { dbSchemas: schemas, dbExtraSearchPath: extraSearchPath } = config;
      const catalog = await loadCatalog(pool, { schemas, extraSearchPath });
      for await (const chunk of streamCatalog(catalog)) process.stdout.write(chunk);
      return print('\n');
    } catch (error) {
      return fail(`Failed to load the schema cache. ${(error as Error).message}`);
    }
  });
}

async function withPool<T>(config: RestConfig, use: (pool: Pool) => Promise<T>): Promise<T> {
  assertConnectable(config);
  const pool = createPool({ url: poolUrl(config), size: 1 });
  try {
    return await use(pool);
  } finally {
    await pool.close(0);
  }
}

const isListenError = (error: unknown): boolean =>
  error instanceof Error && (error as NodeJS.ErrnoException).syscall === 'listen';

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

function fail(message: string): number {
  process.stderr.write(message.endsWith('\n') ? message : `${message}\n`);
  return 1;
}
