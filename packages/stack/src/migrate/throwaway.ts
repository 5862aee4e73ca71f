import { withThrowaway } from '@peakstone/database';
import {
  type MigrationFolder,
  proveSquash,
  replayFolder,
  type SquashDatabases,
  type Squashed,
} from '@peakstone/migrate';

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

/**
 * What differs between a database that a folder has made and one that what shall stand for it has made.
 * @throws {MigrateError} where one of them does not run; {DatabaseError}
 */
export async function proveOnThrowaway(
  folder: MigrationFolder,
  squashed: Squashed,
  { schemas = ['public'] }: ReplaySettings,
  signal: AbortSignal,
): Promise<readonly string[]> {
  return await withThrowaway({}, signal, async server => {
    const make = async (name: string): Promise<SquashDatabases['before']> => ({
      adminUrl: await server.createDatabase(name, { bootstrap: { schemas } }, signal),
      url: server.url(name, 'db_migrator'),
    });
    const databases = { before: await make('before'), after: await make('after') };
    return await proveSquash(folder, squashed, databases, signal);
  });
}
