// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the text is in Compose's interpolation syntax.
import { basics, builtInHealth, passedOn, publicRoute, required } from '../../container/basics.ts';
import { connectionVariables } from '../../container/connection.ts';
import { ownImage, upstreamImage } from '../../container/images.ts';
import type { ContainerSpec } from '../../container/spec.ts';
import type { ResolvedService, Stack } from '../../definition.ts';
import { poolerEndpoint } from '../pooler/endpoint.ts';
import { databaseEndpoint } from '../postgres/endpoint.ts';
import { sizeDatabase } from '../postgres/sizing.ts';
import { restEnvironment } from './environment.ts';
import { restFurther, restSettings } from './variables.ts';

/** Ours keeps its own few connections, so it talks to the server directly; PostgREST goes through the pooler as it always has. */
export function restContainer(stack: Stack, service: ResolvedService): ContainerSpec {
  const shared = {
    ...basics(stack, service),
    ports: [{ container: 3000, local: '${PUBLISH_REST:-127.0.0.1:3000}' }],
    routes: publicRoute('rest', 'DOMAIN_API', 3000),
  };
  const environment = {
    ...restEnvironment({
      // Where, as whom and with which password stands in the PG* variables.
      databaseUri: 'postgresql://',
      connections: `\${PGRST_DB_POOL:-${connectionsOfEach(stack, service)}}`,
      anonRole: '${PGRST_DB_ANON_ROLE:-web_anon}',
      // What the bootstrap has told the database wins: pgrst.db_schemas of db_authenticator.
      schemas: `\${DATABASE_SCHEMAS:-${stack.schemas?.join(',') ?? 'public'}}`,
      extraSearchPath: '${PGRST_DB_EXTRA_SEARCH_PATH:-public}',
      jwtSecret: required('JWT_SECRET'),
      publicUrl: 'https://${DOMAIN_API:-localhost}',
      host: '0.0.0.0',
    }),
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
        ...connectionVariables(databaseEndpoint(stack), 'db_authenticator', 'DB_AUTHENTICATOR_PASSWORD'),
        ...environment,
        ...passedOn([...restSettings, ...restFurther]),
        // Whether it should get requests, not whether its database is up: its own 503 tells clients more than the proxy's 404.
        PEAKSTONE_HEALTH_URL: 'http://127.0.0.1:3001/live',
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
      ...connectionVariables(poolerEndpoint(stack), 'db_authenticator', 'DB_AUTHENTICATOR_PASSWORD'),
      ...environment,
      PGRST_DB_PREPARED_STATEMENTS: 'false',
    },
    // No check: all that the image can ask itself is whether the database is up, which would take it off the proxy in an outage.
    hardened: true,
  };
}

/** All replicas together have about a third of the database's connections. */
function connectionsOfEach(stack: Stack, { definition }: ResolvedService): number {
  const replicas = stack.replicas[definition.name] ?? 2;
  return Math.min(10, Math.max(2, Math.floor((sizeDatabase(stack).maxConnections * 0.3) / replicas)));
}
