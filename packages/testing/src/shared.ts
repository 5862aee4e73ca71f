import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** Names the shared server of a whole test run: a superuser's URL. The runner sets it. */
const VARIABLE = 'PEAKSTONE_TEST_DATABASE_URL';

let own: Promise<string> | undefined;

/** The run's server, or, when a test file is run by itself, one of this process's own that ends with it. */
export function sharedServerUrl(): Promise<string> {
  const given = process.env[VARIABLE];
  if (given) return Promise.resolve(given);
  own ??= startKeeper();
  return own;
}

/**
 * The server lives in a helper process that watches this one's end of a pipe: however this process ends, by return, by
 * an uncaught error or by kill -9, the helper sees the pipe close, stops the server and removes its folder.
 */
async function startKeeper(): Promise<string> {
  const keeper = spawn(process.execPath, [fileURLToPath(new URL('./keeper.ts', import.meta.url))], {
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
  });
  const lines = createInterface({ input: keeper.stdout });
  const first = await Promise.race([once(lines, 'line'), once(keeper, 'exit')]);
  if (typeof first[0] !== 'string')
    throw new Error(`the shared test server did not start (exit code ${first[0]})`);
  // Neither the helper nor its pipes may keep this process from ending.
  keeper.unref();
  for (const stream of [keeper.stdin, keeper.stdout]) (stream as unknown as { unref(): void }).unref();
  return first[0];
}
