import { exitCodes } from './grammar/errors.ts';
import { runCommandLine } from './run.ts';

// A reader that closes early (`peakstone logs | head`) is a normal end, not a crash. What runs here is stopped in order.
// Each write that follows fails likewise, and would pass for a second request to end.
let isClosed = false;
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (isClosed) return;
  isClosed = true;
  if (error.code !== 'EPIPE' && error.code !== 'EIO') {
    process.stderr.write(`error: Standard output takes no more: ${error.message}\n`);
    process.exitCode = exitCodes.failure;
    if (process.listenerCount('SIGTERM') === 0) process.exit();
  }
  if (process.listenerCount('SIGTERM') > 0) process.kill(process.pid, 'SIGTERM');
  else process.exit(0);
});
// The terminal is gone: there is nowhere left to say anything, and a stack that drains must go on draining.
process.stderr.on('error', () => undefined);

process.exitCode = await runCommandLine(process.argv.slice(2), {
  env: process.env,
  cwd: process.cwd(),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
});
