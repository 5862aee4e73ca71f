import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { StackStatus } from '@peakstone/stack';

export const mainScript = fileURLToPath(new URL('../bin/main.mjs', import.meta.url));

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const machinesOwn =
  /^(?:PG|POSTGRES_|DATABASE_|DB_|GATEWAY_|HASURA_|JWT_|MINIO_|S3_|AWS_|IMGPROXY_|GRAFANA_|LOKI_|DOMAIN_|PEAKSTONE_DATA|PEAKSTONE_CALLED|npm_|FORCE_COLOR|NO_COLOR|TZ$|ENVIRONMENT$|PROXY_NETWORK$|ATLAS_URL$)/;

/** A folder for one stack, and the command run in it. */
export class Project {
  readonly folder: string;
  readonly env: Record<string, string>;

  constructor(env: Record<string, string> = {}, folder: string = passableFolder()) {
    this.env = env;
    this.folder = folder;
  }

  /** The same command, typed in another folder. */
  at(folder: string): Project {
    return new Project(this.env, folder);
  }

  start(...argv: string[]): ChildProcess {
    return this.#start(argv, {});
  }

  #start(argv: readonly string[], env: Readonly<Record<string, string>>): ChildProcess {
    return spawn(process.execPath, [mainScript, ...argv], {
      cwd: this.folder,
      env: { ...this.environment(), ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
  }

  /** Runs to the end, with `input` on standard input. */
  async run(argv: readonly string[], input = '', env: Readonly<Record<string, string>> = {}): Promise<Ran> {
    const child = this.#start(argv, env);
    child.stdin!.on('error', () => undefined).end(input);
    return await finish(child);
  }

  /** What both of its streams say to the same reader, as on a terminal. */
  async together(...argv: string[]): Promise<string> {
    const file = join(this.folder, '.said');
    const fd = openSync(file, 'w');
    try {
      const child = spawn(process.execPath, [mainScript, ...argv], {
        cwd: this.folder,
        env: this.environment(),
        stdio: ['ignore', fd, fd],
      });
      await once(child, 'close');
      return readFileSync(file, 'utf8');
    } finally {
      closeSync(fd);
      rmSync(file);
    }
  }

  async json<T>(...argv: string[]): Promise<T> {
    const { code, stdout, stderr } = await this.run([...argv, '--json']);
    if (stdout === '') throw new Error(`peakstone ${argv.join(' ')} ended with ${code}: ${stderr}`);
    return JSON.parse(stdout) as T;
  }

  async close(): Promise<void> {
    const { code, stderr } = await this.run(['down']);
    if (code !== 0) throw new Error(`peakstone down ended with ${code}: ${stderr}`);
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Of a command in the folder. */
  environment(): NodeJS.ProcessEnv {
    // The machine's own settings of databases and stacks must not reach a test, nor that npm runs it.
    const clean = Object.entries(process.env).filter(([name]) => !machinesOwn.test(name));
    return { ...Object.fromEntries(clean), ...this.env };
  }
}

export async function finish(child: ChildProcess): Promise<Ran> {
  let stdout = '';
  let stderr = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

/** A temporary folder that root's PostgreSQL, which runs as another user, can pass through: else its data would go to /var/lib. */
function passableFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'peakstone-cli-'));
  chmodSync(folder, 0o711);
  return folder;
}

/** Back-offs of up to 32 s are in what a stack mends by itself, and each look at it starts a program, which may take seconds. */
const limitMs = 240_000;

/** Waits until something becomes true; how long that may take is a matter of the machine. */
export async function until(what: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!(await what())) {
    if (performance.now() > deadline)
      throw new Error(`It did not happen within ${limitMs / 1000} s: ${what}`);
    await new Promise(resolve => setTimeout(resolve, 50));
  }
}

/** On a busy machine a health check may take longer than it is waited for, and the next one be fine. */
export async function untilHealthy(project: Project): Promise<StackStatus> {
  let status: StackStatus | undefined;
  await until(async () => {
    status = await project.json<StackStatus>('status');
    return status.healthy;
  });
  return status!;
}
