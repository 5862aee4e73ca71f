/** The server of a bench, in a process of its own: settings from the environment, its port on standard output. */
import { graphqlService } from '../../src/service.ts';

const service = await graphqlService.start(
  graphqlService.config(process.env),
  {},
  new AbortController().signal,
);
process.stdout.write(`${service.port}\n`);
process.on('SIGTERM', () => void service.stop().then(() => process.exit(0)));
