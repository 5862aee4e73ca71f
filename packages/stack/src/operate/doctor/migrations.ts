import { settleWithin } from '@peakstone/kernel/service';
import { findInvalidIndexes, type InvalidIndex } from '@peakstone/migrate';
import { type Check, fail, warn } from '../../project/check.ts';
import type { EnvValues } from '../../project/envFile.ts';
import type { StackPaths } from '../../project/paths.ts';
import { databaseUrl } from '../../run/databaseUrl.ts';
import { listNames, type Pending, pendingMigrations } from '../../run/migrations/pending.ts';
import type { StatusReply } from '../../run/statusReply.ts';
import { findRow } from '../../services/index.ts';

/** A database that does not answer must not hold the doctor up. */
const patienceMs = 5000;
const todo = 'peakstone migrate apply';

/** Whether the database is as the project's migrations say: what failed at the start, what is new since, and indexes that do nothing. */
export async function checkMigrations(
  paths: StackPaths,
  env: EnvValues,
  { migrations, services }: StatusReply,
): Promise<Check[]> {
  if (migrations !== null)
    return [fail('Migrations', `not applied at the start: ${migrations}`, `Mend it, then: ${todo}`)];
  if (!services.some(({ name, state }) => findRow(name)?.local?.essential && state === 'healthy')) return [];
  const outcome = await settleWithin(look(paths, env), patienceMs);
  switch (outcome.kind) {
    case 'late':
      return [
        warn('Migrations', `not known: no answer within ${patienceMs / 1000} s`, 'peakstone migrate status'),
      ];
    case 'failed':
      return [
        warn('Migrations', `not known: ${outcome.error.message}`, 'peakstone migrate status says more.'),
      ];
    case 'done': {
      const {
        pending: { folder, files },
        invalid,
      } = outcome.value;
      return [
        ...(files.length === 0
          ? []
          : [warn('Migrations', `${files.length} of ${folder} pending: ${listNames(files)}`, todo)]),
        ...invalid.map(({ message, hint }) => warn('Index', message, hint)),
      ];
    }
  }
}

async function look(
  paths: StackPaths,
  env: EnvValues,
): Promise<{ readonly pending: Pending; readonly invalid: readonly InvalidIndex[] }> {
  const pending = await pendingMigrations(paths, env);
  return { pending, invalid: await findInvalidIndexes(await databaseUrl(paths, env, 'db_migrator')) };
}
