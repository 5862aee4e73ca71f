import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** An account that owns nothing. */
export const STRANGER = { uid: 65_534, gid: 65_534 } as const;

/** For `skip`: why no program of the repository can be run as another user; false when it can. */
export function otherUsersCannot(): string | false {
  if (process.getuid?.() !== 0) return 'needs root';
  const read = ['-e', "require('node:fs').readFileSync(process.argv[1])", fileURLToPath(import.meta.url)];
  const { status } = spawnSync(process.execPath, read, { cwd: '/', ...STRANGER });
  return status === 0 ? false : 'another user cannot enter the folder of this repository';
}
