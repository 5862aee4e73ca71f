import type { Command } from '../grammar/command.ts';
import { CliError, exitCodes } from '../grammar/errors.ts';

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
    const { rehearseDatabaseBootstrap, runDatabaseBootstrap } = await import('@peakstone/stack/container');
    if (invocation.options.check) {
      const reason = await rehearseDatabaseBootstrap(context.env);
      if (reason !== undefined) throw new CliError(reason, { exitCode: exitCodes.unhealthy });
      return exitCodes.ok;
    }
    context.stderr.write(`${await runDatabaseBootstrap(context.env)}\n`);
    return exitCodes.ok;
  },
};
