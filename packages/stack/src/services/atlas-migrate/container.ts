// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the text is in Compose's interpolation syntax.
import { basics } from '../../container/basics.ts';
import { connectionVariables } from '../../container/connection.ts';
import { upstreamImage } from '../../container/images.ts';
import { type ContainerSpec, literal } from '../../container/spec.ts';
import type { ResolvedService, Stack } from '../../definition.ts';
import { databaseEndpoint } from '../postgres/endpoint.ts';
import { migrateScript } from './script.ts';

export function migrateContainer(stack: Stack, service: ResolvedService): ContainerSpec {
  return {
    ...basics(stack, service),
    image: upstreamImage(service.definition),
    entrypoint: ['/bin/sh', '-c'],
    command: [literal(migrateScript)],
    environment: {
      ...connectionVariables(databaseEndpoint(stack), 'db_migrator', 'DB_MIGRATOR_PASSWORD'),
      ATLAS_URL: '${ATLAS_URL:-}',
    },
    volumes: [
      {
        source: '${ATLAS_MIGRATIONS_DIR:-atlas_migrations}',
        volume: 'atlas_migrations',
        target: '/migrations',
        readOnly: true,
      },
    ],
    hardened: false,
  };
}
