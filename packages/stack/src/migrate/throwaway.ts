import { withThrowaway } from '@peakstone/database';
import { type MigrationFolder, replayFolder } from '@peakstone/migrate';

export interface ReplaySettings {
  /** Those of the application. Default `public`. */
  readonly schemas?: readonly string[];
}

/**
 * Runs all of a folder on a new database that is as the stack's would be.
 * @throws {MigrateError} where it would fail; {DatabaseError}
 */
export async function replayOnThrowaway(
  folder: MigrationFolder,
  { schemas = ['public'] }: ReplaySettings,
  signal: AbortSignal,
): Promise<number> {
  return await withThrowaway({}, signal, async server => {
    await server.createDatabase('replay', { bootstrap: { schemas } }, signal);
    return await replayFolder(folder, server.url('replay', 'db_migrator'), signal);
  });
}
