import { withThrowaway } from '@peakstone/database';
import {
  type MakeSquashDatabase,
  type MigrationFolder,
  proveSquash,
  replayFolder,
  type Squashed,
  type SquashProof,
} from '@peakstone/migrate';
import type { ReplaySettings } from './settings.ts';

/**
 * Runs all of a folder on a new database that is as the stack's would be.
 * @throws {MigrateError} where it would fail; {DatabaseError}
 */
export async function replayOnThrowaway(
  folder: MigrationFolder,
  { server: settings = {}, schemas = ['public'], supabase = 'off' }: ReplaySettings,
  signal: AbortSignal,
): Promise<number> {
  return await withThrowaway(settings, signal, async server => {
    await server.createDatabase('replay', { bootstrap: { schemas, supabase } }, signal);
    return await replayFolder(folder, server.url('replay', 'db_migrator'), signal);
  });
}

/**
 * What differs between databases that a folder has made and one that what shall stand for it has made.
 * @throws {MigrateError} where one of them does not run; {DatabaseError}
 */
export async function proveOnThrowaway(
  folder: MigrationFolder,
  squashed: Squashed,
  { server: settings = {}, schemas = ['public'], supabase = 'off' }: ReplaySettings,
  signal: AbortSignal,
): Promise<SquashProof> {
  return await withThrowaway(settings, signal, async server => {
    const make: MakeSquashDatabase = async name => ({
      adminUrl: await server.createDatabase(name, { bootstrap: { schemas, supabase } }, signal),
      url: server.url(name, 'db_migrator'),
    });
    return await proveSquash(folder, squashed, make, signal);
  });
}
