import type { Command } from '../grammar/command.ts';

export const graphql: Command = {
  name: 'graphql',
  summary: 'run the GraphQL API alone, in place of Hasura',
  description:
    'Takes Hasura’s own flags and HASURA_GRAPHQL_* variables, and needs no stack: only the database they name.',
  raw: true,
  examples: [
    {
      command: 'HASURA_GRAPHQL_DATABASE_URL=postgres://… peakstone graphql',
      does: 'With Hasura’s environment',
    },
    {
      command: 'HASURA_GRAPHQL_ADMIN_SECRET=… PEAKSTONE_GRAPHQL_AUTHORIZATION=rls peakstone graphql',
      does: 'With the database’s roles and policies in place of metadata',
    },
    {
      command: 'peakstone graphql metadata diff hasura/metadata',
      does: 'What applying a folder of the Hasura CLI would change',
    },
    { command: 'peakstone graphql --help', does: 'Its options' },
  ],
  run: async ({ arguments: argv }, context) => {
    const { runStandaloneGraphql } = await import('@peakstone/stack/graphql');
    return await runStandaloneGraphql(argv, context.env);
  },
};
