import { spawn } from 'node:child_process';

export interface CommandResult {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Text for standard input. */
  readonly input?: string;
  readonly signal?: AbortSignal;
  /** Each line of standard error as it comes, for progress. */
  readonly onLine?: (line: string) => void;
  /** Kept of each stream; the rest is dropped from the front. Default 4 MiB. */
  readonly maxBytes?: number;
}

/** How the deploy functions reach programs; tests hand in their own. */
export type RunCommand = (
  program: string,
  args: readonly string[],
  options?: CommandOptions,
) => Promise<CommandResult>;

/**
 * Runs a program without a shell and resolves with what it said, whatever its exit code.
 * @throws {Error} it cannot be started at all (`ENOENT`), or was aborted
 */
export const runCommand: RunCommand = (program, args, options = {}) =>
  new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(options.signal ? { signal: options.signal } : {}),
    });
    const maxBytes = options.maxBytes ?? 4 * 1024 * 1024;
    let stdout = '';
    let stderr = '';
    let line = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout = (stdout + text).slice(-maxBytes);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-maxBytes);
      if (!options.onLine) return;
      const lines = (line + text).split(/\r?\n/);
      line = (lines.pop() ?? '').slice(-maxBytes);
      for (const each of lines) options.onLine(each);
    });
    child.on('error', reject);
    // A program that ends without reading its input is judged by its exit code.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
    child.on('close', code => resolve({ code, stdout, stderr }));
  });
