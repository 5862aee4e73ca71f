// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the text is in Compose's interpolation syntax.
import { basics, required } from '../../container/basics.ts';
import { databaseName, superuserName } from '../../container/connection.ts';
import { upstreamImage } from '../../container/images.ts';
import { type ContainerSpec, literal } from '../../container/spec.ts';
import type { ResolvedService, Stack } from '../../definition.ts';
import { ownPooler } from '../pooler/endpoint.ts';
import { databaseEndpoint } from '../postgres/endpoint.ts';
import { pgAdminFiles, pgAdminScript } from './pgadmin.ts';

export function adminContainer(stack: Stack, service: ResolvedService): ContainerSpec {
  const files = pgAdminFiles(databaseEndpoint(stack), ownPooler(stack));
  return {
    ...basics(stack, service),
    image: upstreamImage(service.definition),
    entrypoint: ['/bin/sh', '-c'],
    command: [literal(pgAdminScript)],
    environment: {
      PGADMIN_DEFAULT_EMAIL: '${PGADMIN_EMAIL:-admin@example.com}',
      PGADMIN_DEFAULT_PASSWORD: required('PGADMIN_PASSWORD'),
      PGADMIN_CONFIG_ENHANCED_COOKIE_PROTECTION: 'True',
      PGADMIN_DISABLE_POSTFIX: 'True',
      PGADMIN_SERVER_JSON_FILE: '/pgadmin4/servers.json',
      PGADMIN_REPLACE_SERVERS_ON_STARTUP: 'True',
      // The files below name these.
      POSTGRES_DB: databaseName,
      POSTGRES_SUPERUSER: superuserName,
      POSTGRES_SUPERPASS: '${POSTGRES_SUPERPASS:-}',
      DB_MIGRATOR_PASSWORD: '${DB_MIGRATOR_PASSWORD:-}',
      DB_AUTHENTICATOR_PASSWORD: '${DB_AUTHENTICATOR_PASSWORD:-}',
    },
    files: [
      { name: 'pgadmin_servers', target: '/pgadmin4/servers.json', content: files.servers },
      { name: 'pgadmin_pgpass', target: '/pgadmin4/pgpass', content: files.passwords },
    ],
    volumes: [{ source: 'pgadmin_data', volume: 'pgadmin_data', target: '/var/lib/pgadmin' }],
    health: {
      test: ['CMD-SHELL', 'wget -q -O /dev/null http://127.0.0.1:80/misc/ping || exit 1'],
      intervalS: 15,
      timeoutS: 10,
      retries: 6,
      startPeriodS: 90,
    },
    ports: [{ container: 80, local: '${PUBLISH_PGADMIN:-127.0.0.1:5050}' }],
    routes: [{ name: 'admin', domain: 'DOMAIN_PGADMIN', port: 80 }],
    hardened: false,
  };
}
