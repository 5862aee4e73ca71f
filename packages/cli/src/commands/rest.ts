import type { Command } from '../grammar/command.ts';

export const rest: Command = {
  name: 'rest',
  summary: 'run the REST API alone, in place of PostgREST',
  description:
    'Takes PostgREST’s own command line, configuration file and PGRST_* variables, and needs no stack: only the database they name.',
  raw: true,
  examples: [
    { command: 'peakstone rest postgrest.conf', does: 'With the configuration file that PostgREST had' },
    { command: 'PGRST_DB_URI=postgres://… peakstone rest', does: 'With its environment' },
    { command: 'peakstone rest --help', does: 'Its options' },
  ],
  run: async ({ arguments: argv }, context) => {
    const { runStandaloneRest } = await import('@peakstone/stack/rest');
    return await runStandaloneRest(argv, context.env);
  },
};
