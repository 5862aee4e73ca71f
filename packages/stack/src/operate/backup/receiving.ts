import { hasBackups } from '@peakstone/backup';
import type { EnvValues } from '../../project/envFile.ts';
import type { StackPaths } from '../../project/paths.ts';
import { readPresence } from '../../run/state.ts';
import { backup } from '../../services/backup/index.ts';
import { ask } from '../client.ts';

/**
 * Who receives WAL: nobody, as backups are off; the stack at its next start, as they were turned on since its last one; the
 * stack when it runs again; or the stack, now.
 */
export type Receiving = 'off' | 'nextStart' | 'notRunning' | 'begun';

/** @throws {StackError} `unanswered` where the stack that runs does not answer */
export async function receivingOf(paths: StackPaths, values: EnvValues): Promise<Receiving> {
  if (!hasBackups(values)) return 'off';
  const presence = readPresence(paths);
  if (presence.kind !== 'running' || presence.state === null) return 'notRunning';
  const status = await ask(paths, presence.state, { command: 'status' });
  return status?.services.some(({ name }) => name === backup.name) ? 'begun' : 'nextStart';
}
