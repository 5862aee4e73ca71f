// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the text is in Compose's interpolation syntax.
import { basics, publicRoute, required } from '../../container/basics.ts';
import { databaseName } from '../../container/connection.ts';
import { upstreamImage } from '../../container/images.ts';
import type { ContainerSpec } from '../../container/spec.ts';
import type { ResolvedService, Stack } from '../../definition.ts';
import { poolerEndpoint } from '../pooler/endpoint.ts';

/** @see https://hasura.io/docs/2.0/deployment/graphql-engine-flags/reference/ */
export function graphqlContainer(stack: Stack, service: ResolvedService): ContainerSpec {
  const at = poolerEndpoint(stack);
  // Without the password, which its client library takes from PGPASSWORD: no URL holds every password as it is.
  const url = `postgres://hasura@${at.host}:${at.port}/${databaseName}?sslmode=${at.sslMode}`;
  return {
    ...basics(stack, service),
    image: upstreamImage(service.definition),
    environment: {
      HASURA_GRAPHQL_DATABASE_URL: `\${HASURA_GRAPHQL_DATABASE_URL:-${url}}`,
      HASURA_GRAPHQL_METADATA_DATABASE_URL: `\${HASURA_GRAPHQL_METADATA_DATABASE_URL:-${url}}`,
      PGPASSWORD: required('HASURA_DB_PASSWORD'),
      HASURA_GRAPHQL_ADMIN_SECRET: required('HASURA_ADMIN_SECRET'),
      HASURA_GRAPHQL_JWT_SECRET:
        '{"type":"HS256","key":"${JWT_SECRET}","claims_namespace_path":"$$","claims_format":"json"}',
      HASURA_GRAPHQL_UNAUTHORIZED_ROLE: 'web_anon',
      HASURA_GRAPHQL_ENABLE_CONSOLE: 'false',
      HASURA_GRAPHQL_ENABLED_LOG_TYPES: 'startup,http-log,websocket-log,query-log',
      HASURA_GRAPHQL_STRINGIFY_NUMERIC_TYPES: 'true',
      HASURA_GRAPHQL_CORS_DOMAIN: '${HASURA_CORS:-*}',
      HASURA_GRAPHQL_ENABLE_TELEMETRY: 'false',
    },
    // Not /healthz, which fails with the database: see the REST service's.
    health: {
      test: ['CMD-SHELL', 'curl -fsS http://localhost:8080/v1/version > /dev/null || exit 1'],
      intervalS: 10,
      timeoutS: 5,
      retries: 6,
      startPeriodS: 60,
    },
    ports: [{ container: 8080, local: '${PUBLISH_HASURA:-127.0.0.1:8080}' }],
    routes: publicRoute('graphql', 'DOMAIN_GQL', 8080),
    hardened: false,
  };
}
