import { ConfigError, readBoolean } from '@peakstone/kernel/config';
import type { Env } from '@peakstone/kernel/service';
import { type BootstrapReport, bootstrapDatabase } from './bootstrap/run.ts';
import { readDatabaseConfig } from './config.ts';
import { bootstrapOptions } from './service.ts';

/**
 * The one-off job `db-bootstrap`: bootstraps the server at `DATABASE_ENGINE` (an administrator's URL) and ends.
 * `DATABASE_REGRANT=true` grants on existing tables again, as after a restore with --no-privileges.
 * @throws {ConfigError} when DATABASE_ENGINE is not a URL, or a password is missing.
 * @throws {DatabaseError}
 */
export function runBootstrapJob(env: Env): Promise<BootstrapReport> {
  const config = readDatabaseConfig(env);
  if (config.engine.kind !== 'external') {
    throw new ConfigError(
      'DATABASE_ENGINE',
      "an administrator's URL: postgres://user:password@host:5432/database",
    );
  }
  const regrant = readBoolean(env, 'DATABASE_REGRANT', { default: false });
  return bootstrapDatabase(config.engine.url, { ...bootstrapOptions(config), regrant });
}

/** The report as lines for a person. Says nothing secret. */
export function renderReport(report: BootstrapReport): string[] {
  const lines = [
    report.outcome === 'unchanged'
      ? 'Roles, schemas and grants are as they should be.'
      : 'Roles, schemas and grants are set.',
  ];
  if (report.repaired.length > 0)
    lines.push(`Somebody had changed: ${report.repaired.join(', ')}. Put right.`);
  if (report.passwordsSet.length > 0) lines.push(`Passwords set: ${report.passwordsSet.join(', ')}.`);
  if (report.missingExtensions.length > 0)
    lines.push(`This server does not have: ${report.missingExtensions.join(', ')}.`);
  if (report.settingsTakenOff.length > 0)
    lines.push(
      `Settings taken off roles: ${report.settingsTakenOff.join('; ')}. Those that you want belong in DATABASE_ROLE_SETTINGS.`,
    );
  for (const { step, reason } of report.failed) lines.push(`Not possible: ${step} (${reason}).`);
  return lines;
}
