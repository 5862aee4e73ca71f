/** A server of the environment's settings, in a process of its own: says on standard output when it serves. */
import { graphqlService } from '../../src/service.ts';

await graphqlService.start(
  { ...graphqlService.config(process.env), listens: false },
  {},
  new AbortController().signal,
);
process.stdout.write('ready\n');
setInterval(() => {}, 60_000);
