/** The REST service as a process of its own, configured by `PGRST_*`, so that its CPU time is its own. */
import { runRest } from '../../src/main.ts';

process.exitCode = await runRest(process.argv.slice(2), process.env);
