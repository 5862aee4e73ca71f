/** Commands that containers run: one service in the foreground, the bootstrap job, and the health check. */
import { type Command, type Context, type Invocation, stackOptions } from '../grammar/command.ts';
import { CliError, exitCodes, UsageError } from '../grammar/errors.ts';
import { stopOnSignals } from '../up/signals.ts';

export const gateway: Command = {
  name: 'gateway',
  summary: 'run the gateway alone, in front of services that run elsewhere',
  description:
    'Reads GATEWAY_*, DOMAIN_* and the services’ addresses: PEAKSTONE_UPSTREAM_REST, _GRAPHQL, _STORAGE, _IMAGES.',
  examples: [
    {
      command: 'PEAKSTONE_UPSTREAM_REST=http://rest:3000 peakstone gateway',
      does: 'Before a REST API in another container',
    },
  ],
  run: async (_invocation, context) => {
    const { runGateway } = await import('@peakstone/stack/deploy');
    const signals = stopOnSignals(() => undefined);
    try {
      const running = await runGateway(context.env, signals.signal);
      await signals.stopped;
      await running.stop();
      return exitCodes.ok;
    } finally {
      signals.release();
    }
  },
};

export const dbBootstrap: Command = {
  name: 'db-bootstrap',
  summary: 'make the stack’s roles, schemas and grants in the database of its environment',
  description:
    'Idempotent. Reads PEAKSTONE_DATABASE_URL, or PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE and PGSSLMODE (a superuser’s); DATABASE_SCHEMAS, DB_AUTHENTICATOR_PASSWORD, HASURA_DB_PASSWORD and DB_MIGRATOR_PASSWORD. With PEAKSTONE_DATABASE_SOCKET, the folder of the server’s socket, a changed superuser’s password is given to the server first.',
  options: {
    check: { kind: 'flag', summary: 'Try the login alone, and change nothing; exit code 4: refused' },
  },
  examples: [
    {
      command: 'PEAKSTONE_DATABASE_URL=postgres://postgres:…@db:5432/postgres peakstone db-bootstrap',
      does: 'Once before the services start; again changes nothing',
    },
  ],
  run: async (invocation, context) => {
    const { rehearseDatabaseBootstrap, runDatabaseBootstrap } = await import('@peakstone/stack/deploy');
    if (invocation.options.check) {
      const reason = await rehearseDatabaseBootstrap(context.env);
      if (reason !== undefined) throw new CliError(reason, { exitCode: exitCodes.unhealthy });
      return exitCodes.ok;
    }
    context.stderr.write(`${await runDatabaseBootstrap(context.env)}\n`);
    return exitCodes.ok;
  },
};

export const health: Command = {
  name: 'health',
  summary: 'ask the stack of this folder, or the service in this container, whether it is well',
  description:
    'For health checks: asks PEAKSTONE_HEALTH_URL, or the gateway of the stack that runs in this folder, on the port it has, when it is not set.',
  examples: [
    { command: 'peakstone health', does: 'The stack of this folder; exit code 3 when none runs' },
    {
      command: 'PEAKSTONE_HEALTH_URL=http://127.0.0.1:3001/ready peakstone health',
      does: 'Exit code 0 when it is well, 4 when it is not',
    },
  ],
  options: stackOptions,
  run: async (invocation, context) => {
    const { checkHealthUrl } = await import('@peakstone/stack/health');
    const url = context.env.PEAKSTONE_HEALTH_URL || (await stackHealth(invocation, context));
    if (!URL.canParse(url)) throw new UsageError(`PEAKSTONE_HEALTH_URL is no URL: ${url}`);
    const reason = await checkHealthUrl(url);
    if (reason !== undefined) throw new CliError(reason, { exitCode: exitCodes.unhealthy });
    return exitCodes.ok;
  },
};

/** GATEWAY_PORT is a container's own; here it may be another one than the stack found free. */
async function stackHealth(invocation: Invocation, context: Context): Promise<string> {
  const { healthUrl } = await import('@peakstone/stack');
  const { stackOf } = await import('../stack.ts');
  return await healthUrl(await stackOf(invocation, context));
}
