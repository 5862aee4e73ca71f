import { statSync } from 'node:fs';
import { type Check, ok, warn } from './check.ts';

/** Whether a file of secrets is its owner's alone. Effect: looks at the file. */
export function checkEnvMode(path: string): Check {
  const mode = statSync(path).mode & 0o777;
  if ((mode & 0o077) === 0) return ok('.env', `readable by you alone`);
  return warn('.env', `can be read by others (mode ${mode.toString(8)})`, `chmod 600 ${path}`);
}
