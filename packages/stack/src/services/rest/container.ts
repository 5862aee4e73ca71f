// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the text is in Compose's interpolation syntax.
import { after, basics, builtInHealth, publicRoute, required } from '../../container/basics.ts';
import { databaseUrl } from '../../container/endpoints.ts';
import { ownImage, upstreamImage } from '../../container/images.ts';
import type { ContainerSpec } from '../../container/spec.ts';
import type { ResolvedService, Stack } from '../../definition.ts';
import { poolerEndpoint } from '../pooler/endpoint.ts';
import { databaseEndpoint } from '../postgres/endpoint.ts';
import { restDefaults } from './defaults.ts';

/** Ours keeps its own few connections, so it talks to the server directly; PostgREST goes through the pooler as it always has. */
export function restContainer(stack: Stack, service: ResolvedService): ContainerSpec {
  const shared = {
    ...basics(stack, service.definition),
    after: after(
      stack,
      'postgres',
      'db-bootstrap',
      'atlas-migrate',
      ...(service.engine === 'upstream' ? ['pooler'] : []),
    ),
    ports: [{ container: 3000, local: '${PUBLISH_REST:-127.0.0.1:3000}' }],
    routes: publicRoute('rest', 'DOMAIN_API', 3000),
  };
  const environment = {
    PGRST_DB_SCHEMAS: stack.schemas.join(','),
    PGRST_DB_EXTRA_SEARCH_PATH: 'public,extensions',
    PGRST_DB_ANON_ROLE: 'web_anon',
    PGRST_JWT_SECRET: required('JWT_SECRET'),
    PGRST_OPENAPI_SERVER_PROXY_URI: 'https://${DOMAIN_API:-localhost}',
    PGRST_SERVER_HOST: '0.0.0.0',
    PGRST_SERVER_PORT: '3000',
    // Where the health command asks; never routed.
    PGRST_ADMIN_SERVER_PORT: '3001',
  };
  if (service.engine === 'peakstone') {
    return {
      ...shared,
      image: ownImage(stack, service.definition),
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
    image: upstreamImage(service.definition),
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
