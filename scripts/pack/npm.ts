import { spawnSync } from 'node:child_process';
import { realpathSync } from 'node:fs';

/** npm's command line on this Node: the npm that runs us, else the one on the PATH. */
export function npmCommand(node: string): [command: string, ...args: string[]] {
  const running = process.env.npm_execpath;
  if (running?.endsWith('.js')) return [node, running];
  const { stdout, status } = spawnSync('/bin/sh', ['-c', 'command -v npm'], { encoding: 'utf8' });
  return status === 0 ? [node, realpathSync(stdout.trim())] : ['npm'];
}
