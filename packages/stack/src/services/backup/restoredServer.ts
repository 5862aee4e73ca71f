/** How a restored folder is started on this machine: by the stack's own PostgreSQL, reached by a private socket alone. */
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { StartRestored, TestMachine } from '@peakstone/backup';
import {
  findServerUser,
  readDatabaseConfig,
  reapWithThisProcess,
  startSocketServer,
} from '@peakstone/database';
import type { EnvValues } from '../../project/envFile.ts';

/** Recovery takes as long as there is WAL to replay. */
const startTimeoutMs = 7 * 24 * 60 * 60 * 1000;

/** @param durable false for a server that is thrown away */
export function startRestored(env: EnvValues, durable: boolean): StartRestored {
  const { engine, superuser, timezone } = readDatabaseConfig(withoutSecrets(env));
  return async (dataDir, { onLog, signal }) => {
    const { server, url } = await startSocketServer(
      {
        dataDir,
        binaries: engine.kind === 'local' ? engine.binaries : 'auto',
        ...{ superuser, timezone, durable, onLog, startTimeoutMs },
        // A cluster may be another's that was adopted.
        adopt: true,
      },
      signal,
    );
    return { url: url(), stop: () => server.stop() };
  };
}

/** A machine that only restores has no secrets of a stack; nobody logs in with them there. */
function withoutSecrets(env: EnvValues): EnvValues {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value));
  const names = [
    'POSTGRES_SUPERPASS',
    'DB_AUTHENTICATOR_PASSWORD',
    'HASURA_DB_PASSWORD',
    'DB_MIGRATOR_PASSWORD',
  ];
  return { ...Object.fromEntries(names.map(name => [name, 'not used'])), ...given };
}

/** Where tests of backups restore: BACKUP_SCRATCH, or where the system has temporary files. */
export function scratchFolder(env: EnvValues): string {
  return env.BACKUP_SCRATCH || tmpdir();
}

/** What a test of a backup needs: room for the whole database. */
export function testMachine(env: EnvValues): TestMachine {
  const place = scratchFolder(env);
  return {
    start: startRestored(env, false),
    guard: reapWithThisProcess,
    owner: findServerUser(),
    scratch: () => path.join(place, `peakstone-test-${randomBytes(4).toString('hex')}`),
  };
}
