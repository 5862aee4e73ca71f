import { isPlace } from '../../checks/places.ts';
import { imageVariable } from '../../variable.ts';
import { isConnectionUrl } from '../postgres/connectionUrl.ts';
import type { Service } from '../service.ts';
import { migrateContainer } from './container.ts';

export const atlasMigrate: Service = {
  name: 'atlas-migrate',
  title: 'Migrations',
  contract: 'Atlas versioned migrations (Supabase’s and Hasura’s too), applied before the app services start',
  kind: 'job',
  engines: ['peakstone', 'upstream'],
  paths: [],
  image: { variable: 'ATLAS_IMAGE', pin: 'arigaio/atlas:0.35.0-community-alpine' },
  needs: ['postgres', 'db-bootstrap'],
  stateful: false,
  aliases: [],
  limits: { memoryMb: 256, cpus: 1, pids: 128 },
  variables: [
    {
      name: 'ATLAS_URL',
      group: 'Migrations',
      comment: 'Default: role db_migrator on the stack’s database.',
      checks: [isConnectionUrl({ role: 'db_migrator', password: 'DB_MIGRATOR_PASSWORD' })],
      optional: true,
      local: {},
    },
    {
      name: 'ATLAS_MIGRATIONS_DIR',
      group: 'Migrations',
      comment: 'A volume’s name, or a folder such as ../files/atlas/migrations under Dokploy.',
      value: 'atlas_migrations',
      checks: [isPlace('atlas_migrations')],
      optional: true,
    },
    imageVariable('ATLAS_IMAGE'),
  ],
  requires: ['DB_MIGRATOR_PASSWORD'],
  container: migrateContainer,
};
