import { settleWithin } from '@peakstone/kernel/service';
import { type Check, fail, warn } from '../../project/check.ts';
import type { EnvValues } from '../../project/envFile.ts';
import type { StackPaths } from '../../project/paths.ts';
import { listNames, pendingMigrations } from '../../run/migrations/pending.ts';
import type { StatusReply } from '../../run/statusReply.ts';
import { findRow } from '../../services/index.ts';

/** A database that does not answer must not hold the doctor up. */
const patienceMs = 5000;
const todo = 'peakstone migrate apply';

/** Whether the database is as the project's migrations say: what failed at the start, and what is new since. */
export async function checkMigrations(
  paths: StackPaths,
  env: EnvValues,
  { migrations, services }: StatusReply,
): Promise<Check[]> {
  if (migrations !== null)
    return [fail('Migrations', `not applied at the start: ${migrations}`, `Mend it, then: ${todo}`)];
  if (!services.some(({ name, state }) => findRow(name)?.local?.essential && state === 'healthy')) return [];
  const outcome = await settleWithin(pendingMigrations(paths, env), patienceMs);
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
      const { folder, files } = outcome.value;
      return files.length === 0
        ? []
        : [warn('Migrations', `${files.length} of ${folder} pending: ${listNames(files)}`, todo)];
    }
  }
}
