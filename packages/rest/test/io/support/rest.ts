import { runRest } from '../../../src/index.ts';

process.exitCode = await runRest(process.argv.slice(2), process.env);
