// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the text is in Compose's interpolation syntax.
/** The services that answer the public: REST, GraphQL, and the gateway in front. */
import { findService, type Stack } from '../../definition.ts';
import { restDefaults } from '../../restDefaults.ts';
import type { ContainerSpec } from '../container.ts';
import { databaseEndpoint, databaseUrl, httpOrigin, poolerEndpoint } from '../endpoints.ts';
import { peakstoneImage, upstreamImage } from '../images.ts';
import { after, basics, builtInHealth, publicRoute, required } from './common.ts';

/** Ours keeps its own few connections, so it talks to the server directly; PostgREST goes through the pooler as it always has. */
export function restContainer(stack: Stack, engine: 'peakstone' | 'upstream'): ContainerSpec {
  const shared = {
    ...basics(stack, 'rest'),
    after: after(
      stack,
      'postgres',
      'db-bootstrap',
      'atlas-migrate',
      ...(engine === 'upstream' ? ['pooler'] : []),
    ),
    ports: [{ container: 3000, local: '${PUBLISH_REST:-127.0.0.1:3000}' }],
    routes: publicRoute('rest', 'DOMAIN_API', 3000),
  };
  const environment = {
    PGRST_DB_SCHEMAS: stack.schemas.join(','),
    PGRST_DB_ANON_ROLE: 'web_anon',
    PGRST_JWT_SECRET: required('JWT_SECRET'),
    PGRST_OPENAPI_SERVER_PROXY_URI: 'https://${DOMAIN_API:-localhost}',
    PGRST_SERVER_HOST: '0.0.0.0',
    PGRST_SERVER_PORT: '3000',
    // Where the health command asks; never routed.
    PGRST_ADMIN_SERVER_PORT: '3001',
  };
  if (engine === 'peakstone') {
    return {
      ...shared,
      image: peakstoneImage(stack),
      command: ['rest'],
      environment: {
        PGRST_DB_URI: databaseUrl(databaseEndpoint(stack), 'db_authenticator', 'DB_AUTHENTICATOR_PASSWORD'),
        ...environment,
        ...restDefaults,
        PEAKSTONE_HEALTH_URL: 'http://127.0.0.1:3001/ready',
      },
      tmpfs: ['/tmp'],
      health: builtInHealth,
      hardened: true,
      stopGraceS: 30,
    };
  }
  return {
    ...shared,
    image: upstreamImage('POSTGREST_IMAGE'),
    environment: {
      PGRST_DB_URI: databaseUrl(poolerEndpoint(stack), 'db_authenticator', 'DB_AUTHENTICATOR_PASSWORD'),
      ...environment,
      PGRST_DB_PREPARED_STATEMENTS: 'false',
    },
    health: {
      test: ['CMD', 'postgrest', '--ready'],
      intervalS: 10,
      timeoutS: 5,
      retries: 6,
      startPeriodS: 60,
    },
    hardened: true,
  };
}

/** @see https://hasura.io/docs/2.0/deployment/graphql-engine-flags/reference/ */
export function graphqlContainer(stack: Stack): ContainerSpec {
  const url = databaseUrl(poolerEndpoint(stack), 'hasura', 'HASURA_DB_PASSWORD');
  return {
    ...basics(stack, 'graphql'),
    image: upstreamImage('HASURA_IMAGE'),
    environment: {
      HASURA_GRAPHQL_DATABASE_URL: `\${HASURA_GRAPHQL_DATABASE_URL:-${url}}`,
      HASURA_GRAPHQL_METADATA_DATABASE_URL: `\${HASURA_GRAPHQL_METADATA_DATABASE_URL:-${url}}`,
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
    health: {
      test: ['CMD-SHELL', 'curl -fsS http://localhost:8080/healthz > /dev/null || exit 1'],
      intervalS: 10,
      timeoutS: 5,
      retries: 6,
      startPeriodS: 60,
    },
    after: after(stack, 'postgres', 'db-bootstrap', 'atlas-migrate', 'pooler'),
    ports: [{ container: 8080, local: '${PUBLISH_HASURA:-127.0.0.1:8080}' }],
    routes: publicRoute('graphql', 'DOMAIN_GQL', 8080),
    hardened: false,
  };
}

/** Every HTTP service of the stack, by path and by host, on one address. */
export function gatewayContainer(stack: Stack): ContainerSpec {
  const upstreams: Record<string, string> = {};
  for (const [name, port] of [
    ['rest', 3000],
    ['graphql', 8080],
    ['storage', 9000],
    ['images', 8080],
    ['logs', 3100],
  ] as const) {
    const origin = httpOrigin(stack, name, port);
    // The log store's ingest has no credentials of its own, so it stays inside.
    if (origin !== undefined && name !== 'logs')
      upstreams[`PEAKSTONE_UPSTREAM_${name.toUpperCase()}`] = origin;
  }
  return {
    ...basics(stack, 'gateway'),
    image: peakstoneImage(stack),
    command: ['gateway'],
    environment: {
      ...upstreams,
      DOMAIN_API: '${DOMAIN_API:-}',
      DOMAIN_GQL: '${DOMAIN_GQL:-}',
      DOMAIN_FILES: '${DOMAIN_FILES:-}',
      DOMAIN_IMG: '${DOMAIN_IMG:-}',
      HASURA_CORS: '${HASURA_CORS:-*}',
      GATEWAY_HOST: '0.0.0.0',
      GATEWAY_PORT: '8000',
      // The reverse proxy before it, on the stack's own networks.
      GATEWAY_TRUSTED_PROXIES: 'loopback,private',
      PEAKSTONE_HEALTH_URL: 'http://127.0.0.1:8000/',
    },
    tmpfs: ['/tmp'],
    health: builtInHealth,
    after: after(stack, ...['rest', 'graphql', 'storage', 'images'].filter(name => findService(stack, name))),
    ports: [{ container: 8000, local: '${PUBLISH_GATEWAY:-127.0.0.1:8000}' }],
    routes: publicRoute('gateway', 'DOMAIN_GATEWAY', 8000),
    hardened: true,
    stopGraceS: 30,
  };
}
