// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the text is in Compose's interpolation syntax.
import { after, basics } from '../../container/basics.ts';
import { databaseUrl } from '../../container/endpoints.ts';
import { upstreamImage } from '../../container/images.ts';
import { type ContainerSpec, literal } from '../../container/spec.ts';
import type { ResolvedService, Stack } from '../../definition.ts';
import { databaseEndpoint } from '../postgres/endpoint.ts';
import { migrateScript } from './script.ts';

export function migrateContainer(stack: Stack, service: ResolvedService): ContainerSpec {
  return {
    ...basics(stack, service.definition),
    image: upstreamImage(service.definition),
    entrypoint: ['/bin/sh', '-c'],
    command: [literal(migrateScript)],
    environment: {
      ATLAS_URL: `\${ATLAS_URL:-${databaseUrl(databaseEndpoint(stack), 'db_migrator', 'DB_MIGRATOR_PASSWORD')}}`,
    },
    volumes: [
      {
        source: '${ATLAS_MIGRATIONS_DIR:-atlas_migrations}',
        volume: 'atlas_migrations',
        target: '/migrations',
        readOnly: true,
      },
    ],
    after: after(stack, ...service.definition.needs),
    hardened: false,
  };
}
