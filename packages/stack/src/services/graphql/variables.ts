import { areOrigins } from '../../checks/addresses.ts';
import { isSigningKey } from '../../checks/secrets.ts';
import { hostVariable, imageVariable, key, publishVariable, type Variable } from '../../variable.ts';
import { isConnectionUrl } from '../postgres/connectionUrl.ts';

const login = { role: 'hasura', password: 'HASURA_DB_PASSWORD' };

export const graphqlVariables: readonly Variable[] = [
  { name: 'HASURA_ADMIN_SECRET', group: 'REST and GraphQL', generate: key, checks: [isSigningKey] },
  {
    name: 'HASURA_CORS',
    group: 'REST and GraphQL',
    comment: 'Origins that may call the APIs from a browser.',
    value: 'https://app.example.com',
    checks: [areOrigins],
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
    checks: [isConnectionUrl(login)],
    optional: true,
    local: { comment: 'Default: role hasura.' },
  },
  {
    name: 'HASURA_GRAPHQL_METADATA_DATABASE_URL',
    group: 'REST and GraphQL',
    comment: 'Default: the same.',
    checks: [isConnectionUrl(login)],
    optional: true,
    local: { comment: 'Default: the same.' },
  },
  hostVariable('DOMAIN_GQL', 'GraphQL', 'gql.example.com'),
  publishVariable('PUBLISH_HASURA', '127.0.0.1:8080'),
  imageVariable('HASURA_IMAGE'),
];
