import { spawnSync } from 'node:child_process';

export interface Timed {
  readonly seconds: number;
  /** Of the program and its children, user and system. */
  readonly cpuSeconds: number;
}

/** Runs a program to its end. @throws with what it said */
export function timed(command: readonly string[], env: Readonly<Record<string, string>> = {}): Timed {
  const { status, stderr, stdout } = spawnSync('bash', ['-c', 'time -p "$@"', 'timed', ...command], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status !== 0) throw new Error(`${command[0]} ended with ${status}: ${stdout}${stderr}`);
  const of = (name: string): number => Number(new RegExp(`^${name} ([\\d.]+)$`, 'm').exec(stderr)?.[1]);
  return { seconds: of('real'), cpuSeconds: of('user') + of('sys') };
}
