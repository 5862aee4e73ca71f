/** Lint with what the stack knows: the schemas that its API serves, and the time zone of its database. */

import { readFolder } from '@peakstone/migrate';
import {
  filesSince,
  type LintOptions,
  type LintReport,
  latestFiles,
  lintFolder,
  loadParser,
} from '@peakstone/migrate/lint';
import type { EnvValues } from '../project/envFile.ts';
import type { StackPaths } from '../project/paths.ts';
import { stackValues } from '../run/stackValues.ts';

export {
  type LintReport,
  type NamedKind,
  RULES,
  renderAtlas,
  renderGithub,
  renderText,
} from '@peakstone/migrate/lint';

/** Which files are told of; all of them where neither is given. */
export interface Choice {
  readonly latest?: number | undefined;
  readonly gitBase?: string | undefined;
}

export interface StackLint extends LintReport {
  /** Files that the base has and that were changed since, which no database that has applied them will see. */
  readonly changed: readonly string[];
}

/**
 * Looks through a folder of migrations.
 * @throws {MigrateError} `folder`, `git`
 */
export async function lintMigrations(
  folderPath: string,
  choice: Choice,
  options: Pick<LintOptions, 'enabled' | 'disabled' | 'naming' | 'txMode'>,
  paths: StackPaths,
  env: EnvValues,
): Promise<StackLint> {
  const [folder, values, parse] = await Promise.all([
    readFolder(folderPath),
    stackValues(paths, env),
    loadParser(),
  ]);
  const since = choice.gitBase === undefined ? undefined : filesSince(folder, choice.gitBase);
  const schemas = (values.PGRST_DB_SCHEMAS || values.DATABASE_SCHEMAS || 'public')
    .split(',')
    .map(name => name.trim());
  const report = lintFolder(
    folder,
    {
      ...options,
      only: since?.added ?? latestFiles(folder, choice.latest ?? folder.files.length),
      exposedSchemas: schemas,
      isUtc: isUtc(values.TZ),
    },
    parse,
  );
  return { ...report, changed: since?.changed ?? [] };
}

function isUtc(zone: string | undefined): boolean {
  return ['', 'UTC', 'Etc/UTC', 'GMT', 'Etc/GMT', 'Zulu', 'Etc/Zulu'].includes(zone ?? '');
}
