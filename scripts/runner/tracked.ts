import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';

/**
 * The repository's own files, for checks that would else trip over what its user keeps beside them: generated types, a
 * data folder, notes. What git tracks and is there; everything (`.`) where this is no clone.
 */
export function trackedFiles(root: string): readonly string[] {
  const { status, stdout } = spawnSync('git', ['ls-files', '-z'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  if (status !== 0) return ['.'];
  // A file that is being removed is tracked for a while longer.
  return stdout.split('\0').filter(file => file !== '' && existsSync(path.join(root, file)));
}
