import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { StackPaths } from '../paths.ts';
import type { Presence } from '../state.ts';
import { type Check, fail, ok, warn } from './check.ts';

/** The data folder: whose it is, what is in it, and whether a killed stack left something. */
export function checkData(paths: StackPaths, presence: Presence): Check[] {
  if (!existsSync(paths.data))
    return [ok('Data folder', `not there yet; the first start makes ${paths.data}`)];
  const checks: Check[] = [checkOwner(paths.data)];
  const version = join(paths.data, 'postgres', 'PG_VERSION');
  if (existsSync(version)) {
    const major = readFileSync(version, 'utf8').trim();
    checks.push(
      major === '17'
        ? ok('Database', 'PostgreSQL 17 data')
        : fail(
            'Database',
            `data of PostgreSQL ${major}`,
            'PeakStone runs PostgreSQL 17: dump it there, restore it here.',
          ),
    );
  }
  if (presence.kind === 'stale') {
    checks.push(
      warn(
        'Last run',
        `process ${presence.state.pid} was killed`,
        `Nothing committed is lost; 'peakstone up' recovers by itself.`,
      ),
    );
  }
  return checks;
}

function checkOwner(folder: string): Check {
  const { uid, mode } = statSync(folder);
  const own = process.getuid?.();
  if (own !== undefined && own !== 0 && uid !== own) {
    return fail(
      'Data folder',
      `${folder} belongs to user ${uid}, you are ${own}`,
      'Start as its owner, or choose another folder with --data.',
    );
  }
  if ((mode & 0o022) !== 0)
    return warn('Data folder', `${folder} can be written by others`, `chmod go-w ${folder}`);
  return ok('Data folder', folder);
}
