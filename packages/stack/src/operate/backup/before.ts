import { BackupError, hasBackups } from '@peakstone/backup';
import type { EnvValues } from '../../project/envFile.ts';
import type { StackPaths } from '../../project/paths.ts';
import { stackValues } from '../../run/stackValues.ts';
import { listStackBackups } from './list.ts';

/** Before something that was noted down to the millisecond: what was committed by then is in. */
const marginMs = 1000;

/** What brings the database back as it was just before a moment; null where no backup leads there. @throws {StackError} */
export async function findRestore(paths: StackPaths, env: EnvValues, moment: Date): Promise<string | null> {
  if (!hasBackups(await stackValues(paths, env))) return null;
  const at = new Date(moment.getTime() - marginMs);
  try {
    // What has come since the store was told last is stored when the stack stops.
    const { coveredFrom } = await listStackBackups(paths, env, undefined);
    if (coveredFrom === null || at < new Date(coveredFrom)) return null;
  } catch (error) {
    // A store that cannot be read leads nowhere now; that it cannot is told by those who look after it.
    if (!(error instanceof BackupError)) throw error;
    return null;
  }
  return `peakstone down && peakstone backup restore --to ${at.toISOString()} && peakstone up`;
}
