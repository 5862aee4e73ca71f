/**
 * Finds a Node that runs TypeScript sources and hands the process over to it. Plain JavaScript for Node >= 20.
 */
import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import process from 'node:process';

const PACKAGES = [
  `node-${process.platform}-${process.arch}`,
  // The name under which some platforms' binaries are published.
  `node-bin-${process.platform}-${process.arch}`,
];

/**
 * The running Node when it is new enough, else the one npm brought beside `from` (a file path); undefined when there is neither.
 * @param {string} from
 * @returns {string | undefined}
 */
export function findNode24(from) {
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath;
  const { resolve } = createRequire(from);
  for (const name of PACKAGES) {
    try {
      const binary = path.join(path.dirname(resolve(`${name}/package.json`)), 'bin', 'node');
      accessSync(binary, constants.X_OK);
      return binary;
    } catch (error) {
      if (!['MODULE_NOT_FOUND', 'ENOENT', 'EACCES'].includes(error.code)) throw error;
    }
  }
  return undefined;
}

/** What to say when `findNode24` found nothing. */
export const NODE_MISSING = `PeakStone needs Node 24 or newer; this is ${process.version}, and npm brought none for ${process.platform}-${process.arch}.
Install it from https://nodejs.org, or run \`npm install\` without --omit=optional.`;

/**
 * Becomes `node args…`: by execve where this Node can, else as a parent that forwards signals and takes over the exit status.
 * @param {string} node
 * @param {string[]} args
 * @param {Record<string, string | undefined>} [env]
 */
export function becomeNode(node, args, env = process.env) {
  if (typeof process.execve === 'function' && process.platform !== 'win32') {
    process.execve(node, [node, ...args], env);
  }
  const child = spawn(node, args, { stdio: 'inherit', env });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH']) {
    process.on(signal, () => {
      // A terminal sends these to the whole foreground group, so the child has had them already.
      const fromTerminal = process.stdin.isTTY && ['SIGINT', 'SIGQUIT', 'SIGWINCH'].includes(signal);
      if (!fromTerminal) child.kill(signal);
    });
  }
  child.on('error', error => {
    process.stderr.write(`Cannot run ${node}: ${error.message}\n`);
    process.exit(126);
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}
