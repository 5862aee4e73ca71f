// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the text is in Compose's interpolation syntax.
import { basics, required } from '../../container/basics.ts';
import { databaseName } from '../../container/connection.ts';
import { upstreamImage } from '../../container/images.ts';
import type { ContainerSpec } from '../../container/spec.ts';
import type { ResolvedService, Stack } from '../../definition.ts';
import { databaseEndpoint } from '../postgres/endpoint.ts';
import { sizeDatabase } from '../postgres/sizing.ts';
import { pgcatToml } from './pgcat.ts';

export function poolerContainer(stack: Stack, service: ResolvedService): ContainerSpec {
  return {
    ...basics(stack, service),
    image: upstreamImage(service.definition),
    command: ['pgcat', '/etc/pgcat.toml'],
    environment: {
      POSTGRES_DB: databaseName,
      PGCAT_ADMIN_USER: '${PGCAT_ADMIN_USER:-pgcat}',
      PGCAT_ADMIN_PASSWORD: required('PGCAT_ADMIN_PASSWORD'),
      DB_AUTHENTICATOR_PASSWORD: required('DB_AUTHENTICATOR_PASSWORD'),
      HASURA_DB_PASSWORD: required('HASURA_DB_PASSWORD'),
    },
    files: [
      {
        name: 'pgcat',
        target: '/etc/pgcat.toml',
        content: pgcatToml(databaseEndpoint(stack), sizeDatabase(stack).poolerConnections),
      },
    ],
    health: {
      test: ['CMD', 'bash', '-c', 'exec 3<>/dev/tcp/127.0.0.1/6432'],
      intervalS: 10,
      timeoutS: 5,
      retries: 6,
      startPeriodS: 30,
    },
    ports: [{ container: 6432, local: '${PUBLISH_PGCAT:-127.0.0.1:6432}' }],
    hardened: false,
  };
}
