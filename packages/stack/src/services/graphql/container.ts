// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the text is in Compose's interpolation syntax.
import { basics, builtInHealth, publicRoute, required } from '../../container/basics.ts';
import { databaseName } from '../../container/connection.ts';
import { ownImage, upstreamImage } from '../../container/images.ts';
import type { ContainerSpec } from '../../container/spec.ts';
import type { ResolvedService, Stack } from '../../definition.ts';
import { poolerEndpoint } from '../pooler/endpoint.ts';
import { databaseEndpoint } from '../postgres/endpoint.ts';
import { graphqlDefaults, graphqlEnvironment } from './environment.ts';

/**
 * Ours keeps its own few connections, so it talks to the server directly; Hasura goes through the pooler as it always has.
 * @see https://hasura.io/docs/2.0/deployment/graphql-engine-flags/reference/
 */
export function graphqlContainer(stack: Stack, service: ResolvedService): ContainerSpec {
  const isOurs = service.engine === 'peakstone';
  const at = isOurs ? databaseEndpoint(stack) : poolerEndpoint(stack);
  // Without the password, which comes from PGPASSWORD: no URL holds every password as it is.
  const url = `postgres://hasura@${at.host}:${at.port}/${databaseName}?sslmode=${at.sslMode}`;
  const shared = {
    ...basics(stack, service),
    ports: [{ container: 8080, local: '${PUBLISH_HASURA:-127.0.0.1:8080}' }],
    routes: publicRoute('graphql', 'DOMAIN_GQL', 8080),
  };
  const environment = {
    HASURA_GRAPHQL_DATABASE_URL: `\${HASURA_GRAPHQL_DATABASE_URL:-${url}}`,
    HASURA_GRAPHQL_METADATA_DATABASE_URL: `\${HASURA_GRAPHQL_METADATA_DATABASE_URL:-${url}}`,
    PGPASSWORD: required('HASURA_DB_PASSWORD'),
    ...graphqlEnvironment({
      adminSecret: required('HASURA_ADMIN_SECRET'),
      jwtSecret: '{"type":"HS256","key":"${JWT_SECRET}","claims_namespace_path":"$$","claims_format":"json"}',
      anonRole: 'web_anon',
      corsDomain: '${HASURA_CORS:-*}',
    }),
  };
  if (isOurs) {
    return {
      ...shared,
      image: ownImage(stack, service.definition),
      command: ['graphql'],
      environment: {
        ...environment,
        ...graphqlDefaults,
        PEAKSTONE_GRAPHQL_REQUEST_LOGIN: 'db_authenticator',
        PEAKSTONE_GRAPHQL_REQUEST_PASSWORD: required('DB_AUTHENTICATOR_PASSWORD'),
        PEAKSTONE_GRAPHQL_SCHEMAS: `\${DATABASE_SCHEMAS:-${stack.schemas?.join(',') ?? 'public'}}`,
        HASURA_GRAPHQL_PG_CONNECTIONS: '10',
        // Whether it should get requests, not whether its database is up.
        PEAKSTONE_HEALTH_URL: 'http://127.0.0.1:8080/v1/version',
      },
      tmpfs: ['/tmp'],
      health: builtInHealth,
      hardened: true,
      stopGraceS: 30,
    };
  }
  return {
    ...shared,
    image: upstreamImage(service.definition),
    environment,
    // Not /healthz, which fails with the database: see the REST service's.
    health: {
      test: ['CMD-SHELL', 'curl -fsS http://localhost:8080/v1/version > /dev/null || exit 1'],
      intervalS: 10,
      timeoutS: 5,
      retries: 6,
      startPeriodS: 60,
    },
    hardened: false,
  };
}
