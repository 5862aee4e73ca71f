import { imageVariable, key, publishVariable, type Variable } from '../../variable.ts';

export const graphqlVariables: readonly Variable[] = [
  { name: 'HASURA_ADMIN_SECRET', group: 'REST and GraphQL', generate: key, secret: 'signingKey' },
  {
    name: 'HASURA_CORS',
    group: 'REST and GraphQL',
    comment: 'Origins that may call the APIs from a browser.',
    value: 'https://app.example.com',
    dokploy: '*',
    local: {
      value: '*',
      comment: 'Origins that may call the APIs from a browser; name yours in production.',
    },
  },
  {
    name: 'HASURA_GRAPHQL_DATABASE_URL',
    group: 'REST and GraphQL',
    comment: 'Default: role hasura through the pooler.',
    optional: true,
    local: { comment: 'Default: role hasura.' },
  },
  {
    name: 'HASURA_GRAPHQL_METADATA_DATABASE_URL',
    group: 'REST and GraphQL',
    comment: 'Default: the same.',
    optional: true,
    local: { comment: 'Default: the same.' },
  },
  { name: 'DOMAIN_GQL', group: 'Public hosts', comment: 'GraphQL', value: 'gql.example.com' },
  publishVariable('PUBLISH_HASURA', '127.0.0.1:8080'),
  imageVariable('HASURA_IMAGE'),
];
