import {
  type DatabaseEvent,
  databaseService,
  type RunningDatabase,
  readDatabaseConfig,
  renderReport,
} from '@peakstone/database';
import type { RunContext, RunningService } from '../local.ts';
import { sayLeftBehind } from './leftBehind.ts';

/** PostgreSQL, or somebody else's; the bootstrap is part of its start. */
export async function start(context: RunContext, signal: AbortSignal): Promise<RunningService> {
  const running = (await databaseService.start(
    readDatabaseConfig(context.env),
    { onEvent: event => tell(event, context) },
    signal,
  )) as RunningDatabase;
  return {
    notices: [
      ...running.bootstrap.failed.map(({ step, reason }) => `Not done: ${step}: ${reason}.`),
      ...sayLeftBehind(running.leftBehind, context.env),
    ],
    health: () => running.health(),
    stop: () => running.stop(),
    pid: () => running.local?.pid,
    adoptSecrets: (env, signal) => running.adoptPasswords(readDatabaseConfig(env), signal),
    facts: () => ({
      databaseAdminUrl: running.adminUrl,
      databaseApiUrl: running.url('db_authenticator'),
      databaseGraphqlUrl: running.url('hasura'),
      databaseMigratorUrl: running.tcpUrl('db_migrator'),
      ...(running.local && { databaseBackupUrl: running.url('db_backup') }),
      databaseViewerUrl: running.url('console_viewer'),
      databaseEditorUrl: running.url('console_editor'),
      schemas: running.bootstrap.schemas.join(','),
    }),
  };
}

function tell(event: DatabaseEvent, { log, step, crashed }: RunContext): void {
  for (const line of linesOf(event)) log.write(`${line}\n`);
  if (event.kind === 'notice') step(event.text);
  if (event.kind === 'crashed') crashed();
}

function linesOf(event: DatabaseEvent): readonly string[] {
  switch (event.kind) {
    case 'serverLog':
      return [event.line];
    case 'notice':
      return [event.text];
    case 'started': {
      const { version, port, pid, durationMs } = event;
      return [`PostgreSQL ${version} on port ${port}, process ${pid}, up in ${Math.round(durationMs)} ms`];
    }
    case 'bootstrapped':
      return renderReport(event.report);
    case 'crashed':
      return [`ended unasked: ${event.reason}; starting again`];
    case 'restartFailed':
      return [`did not start again: ${event.error.message}`];
  }
}
