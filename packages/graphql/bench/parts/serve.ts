/**
 * The server of a bench, in a process of its own: settings from the environment, its port on standard output. Whoever has
 * forked it may ask how long its event loop was held at a time: `reset`, and `read` for milliseconds.
 */
import { releaseMemoryAtRest } from '@peakstone/kernel/service';
import { graphqlService } from '../../src/service.ts';

const service = await graphqlService.start(
  graphqlService.config(process.env),
  {},
  new AbortController().signal,
);

/** Of the processor's time, so that what else the machine does is not counted. */
const cpuMs = (): number => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
};
let last = cpuMs();
let longestMs = 0;
setInterval(() => {
  const now = cpuMs();
  longestMs = Math.max(longestMs, now - last);
  last = now;
}, 1).unref();

releaseMemoryAtRest();
process.stdout.write(`${service.port}\n`);
process.on('message', what => {
  // What runs as this is asked is counted a turn later.
  setTimeout(() => {
    process.send?.(longestMs);
    if (what === 'reset') longestMs = 0;
  }, 5);
});
process.on('SIGTERM', () => void service.stop().then(() => process.exit(0)));
