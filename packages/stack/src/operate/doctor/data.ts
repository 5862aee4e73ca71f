import { accessSync, constants, existsSync, lstatSync, readlinkSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Check, fail, ok, warn } from '../../project/check.ts';
import type { EnvValues } from '../../project/envFile.ts';
import type { StackPaths } from '../../project/paths.ts';
import type { Presence } from '../../run/state.ts';
import { services } from '../../services/index.ts';
import { findRemains, remainsHint } from '../remains.ts';

/** The data folder: whose it is, what is in it, and whether a killed stack left something. */
export async function checkData(paths: StackPaths, presence: Presence, env: EnvValues): Promise<Check[]> {
  if (!existsSync(paths.data)) return [checkAbsent('Data folder', paths.data)];
  if (!statSync(paths.data).isDirectory()) {
    return [
      fail('Data folder', `${paths.data} is a file`, 'Move it away, or choose another folder with --data.'),
    ];
  }
  const checks = [checkOwner(paths.data)];
  for (const { local } of services)
    checks.push(...((await (await local?.plan?.())?.examineFiles?.(paths, env)) ?? []));
  const remains = await findRemains(paths, env, presence);
  if (remains.length > 0)
    checks.push(warn('Last run', `was killed, and left running: ${remains.join(', ')}`, remainsHint));
  else if (presence.kind === 'stale') {
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

/** A file or folder that the first start makes, if it may. */
export function checkAbsent(title: string, path: string): Check {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) {
    return fail(
      title,
      `${path} is a link to ${readlinkSync(path)}, which is not there`,
      'Make that, or remove the link.',
    );
  }
  let place = dirname(path);
  while (!existsSync(place)) place = dirname(place);
  try {
    accessSync(place, constants.W_OK | constants.X_OK);
    return ok(title, `not there yet; the first start makes ${path}`);
  } catch {
    return fail(
      title,
      `${path} is not there, and this user may not write in ${place}`,
      'Go to a folder of your own, or name one with --data.',
    );
  }
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
