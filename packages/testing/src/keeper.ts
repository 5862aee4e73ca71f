/** Keeps a shared test server until standard input closes. Prints its URL. Started by `sharedServerUrl` and by the runner. */
import { startTestServer } from './server.ts';

// The terminal's Ctrl-C ends whoever started us; then our input closes, and we clean up.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});

const server = await startTestServer({ durable: false, maxConnections: 300 });
process.stdout.on('error', () => {});
process.stdout.write(`${server.url}\n`);
process.stdin.resume();
process.stdin.on('error', () => {});
process.stdin.on('close', () => {
  server.stop().then(
    () => process.exit(0),
    error => {
      process.stderr.write(`${error}\n`);
      process.exit(1);
    },
  );
});
