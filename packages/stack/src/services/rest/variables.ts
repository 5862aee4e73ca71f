import { hostVariable, imageVariable, publishVariable, type Variable } from '../../variable.ts';
import { restDefaults } from './defaults.ts';

const comments: Readonly<Record<keyof typeof restDefaults, string>> = {
  PGRST_CLIENT_ANON_MAX_BODY_BYTES: 'Largest body of a visitor’s request.',
  PGRST_CLIENT_ANON_ROLES: 'Roles of visitors besides the anonymous one.',
  PGRST_CLIENT_ERROR_HINTS_BY_ROLE:
    'Hints name only what the role may use, and refusals say which privilege is missing.',
  PGRST_DB_SAFEUPDATE_ENABLED: 'Refuses PATCH and DELETE without a filter.',
  PGRST_SERVER_CONTENT_LOCATION_MAX_BYTES: 'Longer Content-Location headers are left out.',
};

/** What an operator may want otherwise of what our REST service does beyond its reference. */
export const restSettings: readonly Variable[] = Object.entries(restDefaults).map(([name, value]) => ({
  name,
  group: 'REST and GraphQL',
  comment: comments[name as keyof typeof restDefaults],
  value,
  optional: true,
}));

export const restVariables: readonly Variable[] = [
  ...restSettings,
  {
    name: 'PGRST_DB_EXTRA_SEARCH_PATH',
    group: 'REST and GraphQL',
    comment:
      'Where statements of the REST API find names besides the schema of the request; extensions is always added.',
    value: 'public',
    optional: true,
  },
  hostVariable('DOMAIN_API', 'REST', 'api.example.com'),
  publishVariable('PUBLISH_REST', '127.0.0.1:3000'),
  imageVariable('POSTGREST_IMAGE'),
];
