// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the text is in Compose's interpolation syntax.
import { basics } from '../../container/basics.ts';
import { connectionVariables } from '../../container/connection.ts';
import { ownImage, upstreamImage } from '../../container/images.ts';
import { type ContainerSpec, literal } from '../../container/spec.ts';
import type { ResolvedService, Stack } from '../../definition.ts';
import { databaseEndpoint } from '../postgres/endpoint.ts';
import { migrateScript } from './script.ts';

/** Both read the same folder and the same variables, and keep the same table: either may follow the other. */
export function migrateContainer(stack: Stack, service: ResolvedService): ContainerSpec {
  const shared = {
    ...basics(stack, service),
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
  };
  if (service.engine === 'peakstone')
    return {
      ...shared,
      image: ownImage(stack, service.definition),
      command: ['atlas-migrate'],
      tmpfs: ['/tmp'],
      hardened: true,
    };
  return {
    ...shared,
    image: upstreamImage(service.definition),
    entrypoint: ['/bin/sh', '-c'],
    command: [literal(migrateScript)],
    hardened: false,
  };
}
