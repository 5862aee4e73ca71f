import { existsSync } from 'node:fs';
import type { Command } from '../grammar/command.ts';
import { exitCodes } from '../grammar/errors.ts';
import { apply } from './migrate/apply.ts';

/** Where the job's container has them. */
const folder = '/migrations';

export const atlasMigrate: Command = {
  name: 'atlas-migrate',
  summary: 'apply the migrations of a folder to the database of its environment',
  description:
    'What the job of the deployed stack runs, in the place of Atlas’ container. Reads ATLAS_URL, or PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE and PGSSLMODE (db_migrator’s). A database that holds something else is none to stop at. Without migrations there is nothing to do.',
  options: { dir: { kind: 'text', value: 'DIR', summary: `Folder of the migrations (default ${folder})` } },
  examples: [
    {
      command: 'ATLAS_URL=postgres://db_migrator:…@db:5432/app peakstone atlas-migrate',
      does: 'Before the app services start',
    },
  ],
  run: async (invocation, context) => {
    const { locateMigrations, readFolder } = await import('@peakstone/stack/migrate');
    const named = typeof invocation.options.dir === 'string' ? invocation.options.dir : folder;
    const { path, format } = await locateMigrations({ project: context.cwd, cwd: context.cwd, named });
    if (!existsSync(path) || (await readFolder(path, format)).files.length === 0) {
      context.stderr.write(`atlas-migrate: no migrations in ${path}; nothing to do\n`);
      return exitCodes.ok;
    }
    // What it leaves out is in the PG* variables.
    const url = context.env.ATLAS_URL || 'postgresql://';
    const options = { dir: `file://${named}`, url, 'allow-dirty': true } as const;
    return await apply.run!({ ...invocation, arguments: [], options }, context);
  },
};
