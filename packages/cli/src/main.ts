import { enableCompileCache } from 'node:module';

// Before anything else is imported: type stripping and compiling are then done once per version, not on every start.
enableCompileCache();

const { runCommandLine } = await import('./run.ts');

// A reader that closes early (`peakstone logs | head`) is a normal end, not a crash.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

process.exitCode = await runCommandLine(process.argv.slice(2), {
  env: process.env,
  cwd: process.cwd(),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
});
