/**
 * The command line, as the reference's: everything comes from the environment, or from the flags of the same names.
 * @see https://hasura.io/docs/2.0/deployment/graphql-engine-flags/reference/
 */
import { introduce } from '@peakstone/kernel/alone';
import { ConfigError } from '@peakstone/kernel/config';
import { ConnectionError, parseConninfo } from '@peakstone/kernel/pg';
import { type Env, releaseMemoryAtRest } from '@peakstone/kernel/service';
import type { GraphqlConfig } from './config/types.ts';
import { runMetadata } from './folder/command.ts';
import { MetadataStoreError } from './metadata/store/postgres.ts';
import { graphqlService } from './service.ts';
import { hasuraVersion } from './version.ts';

const usage = `Usage: peakstone graphql [serve | version | metadata …] [--FLAG VALUE …]

Serves GraphQL in place of Hasura GraphQL Engine ${hasuraVersion}, by its own settings:
every HASURA_GRAPHQL_NAME of the environment is also the flag --name.

  --database-url URL            The database (HASURA_GRAPHQL_DATABASE_URL)
  --metadata-database-url URL   Where metadata is kept (default: the same)
  --admin-secret TEXT           Who knows it may do everything; better from the environment
  --server-port PORT            Default 8080
  --server-host ADDRESS         Default 0.0.0.0; without an admin secret 127.0.0.1
  -h, --help                    Show this help text

PEAKSTONE_GRAPHQL_AUTHORIZATION=rls lets the database's roles and policies decide, in place of metadata.

peakstone graphql metadata --help   The metadata folder of Hasura's CLI: export, apply, diff
`;

/**
 * Runs until a signal ends it, or the command is done.
 * @returns the exit code: 0, or 1 for what went wrong (said on standard error).
 */
export async function runGraphql(argv: readonly string[], env: Env): Promise<number> {
  if (argv[0] === 'metadata')
    return await runMetadata(argv.slice(1), env, {
      out: text => void process.stdout.write(text),
      err: text => void process.stderr.write(text),
    });
  if (argv.includes('--help') || argv.includes('-h')) {
    process.stdout.write(usage);
    return 0;
  }
  const [command, ...flags] = argv[0]?.startsWith('-') || argv.length === 0 ? ['serve', ...argv] : argv;
  if (command === 'version') {
    process.stdout.write(`Hasura GraphQL Engine (PeakStone): ${hasuraVersion}\n`);
    return 0;
  }
  if (command !== 'serve') return fail(`Unknown command: ${command}\n\n${usage}`);
  try {
    return await serve({ ...env, ...readFlags(flags) });
  } catch (error) {
    if (isOperators(error)) return fail((error as Error).message);
    throw error;
  }
}

/** `--server-port 8080` or `--server-port=8080` as HASURA_GRAPHQL_SERVER_PORT; a flag without a value is true. */
function readFlags(argv: readonly string[]): Record<string, string> {
  const flags: Record<string, string> = {};
  for (let i = 0; i < argv.length; i++) {
    const match = /^--([a-z0-9-]+)(?:=(.*))?$/s.exec(argv[i]!);
    if (!match) throw new ConfigError(argv[i]!, 'a flag such as --server-port 8080');
    const name = `HASURA_GRAPHQL_${match[1]!.replaceAll('-', '_').toUpperCase()}`;
    const next = argv[i + 1];
    if (match[2] !== undefined) flags[name] = match[2];
    else if (next !== undefined && !next.startsWith('--')) {
      flags[name] = next;
      i++;
    } else flags[name] = 'true';
  }
  return flags;
}

async function serve(env: Env): Promise<number> {
  const end = Promise.withResolvers<number>();
  const aborter = new AbortController();
  const onSignal = (): void => {
    aborter.abort();
    end.resolve(0);
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  const stopReleasing = releaseMemoryAtRest();
  try {
    const { config } = graphqlService.config(env);
    const service = await graphqlService.start(
      { config },
      { out: text => void process.stdout.write(text) },
      aborter.signal,
    );
    process.stderr.write(`${introduceGraphql(config, service.url)}\n`);
    const code = await end.promise;
    await service.stop();
    return code;
  } catch (error) {
    if (aborter.signal.aborted) return await end.promise;
    throw error;
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    stopReleasing();
  }
}

function introduceGraphql({ authorization, auth, databaseUrl, host }: GraphqlConfig, url: string): string {
  const database = databaseUrl === null ? '' : ` of the database ${parseConninfo(databaseUrl).database}`;
  const by = authorization === 'rls' ? 'its roles and policies' : 'Hasura’s metadata';
  return introduce({
    what: `GraphQL${database}, by ${by},`,
    url: `${url}/v1/graphql`,
    host,
    loopbackSetting: 'HASURA_GRAPHQL_SERVER_HOST=127.0.0.1',
    guard: {
      by: 'HASURA_GRAPHQL_ADMIN_SECRET',
      isSet: auth.adminSecrets.length > 0,
      otherwise: 'read and change everything',
    },
  });
}

/** What the operator can mend: his settings, a port that is taken, a database that is away or refuses. */
function isOperators(error: unknown): boolean {
  return (
    error instanceof ConfigError ||
    error instanceof ConnectionError ||
    error instanceof MetadataStoreError ||
    (error as NodeJS.ErrnoException).syscall === 'listen'
  );
}

function fail(message: string): number {
  process.stderr.write(message.endsWith('\n') ? message : `${message}\n`);
  return 1;
}
