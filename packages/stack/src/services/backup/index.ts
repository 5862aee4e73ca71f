import { hasBackups } from '@peakstone/backup';
import { moduleBeside } from '@peakstone/kernel/beside';
import type { Service } from '../service.ts';
import { backupContainer } from './container.ts';
import { backupVariables } from './variables.ts';

export const backup: Service = {
  name: 'backup',
  title: 'Backups',
  contract: 'Base backups and continuous WAL to a folder or any S3, restore to a point in time',
  kind: 'service',
  engines: ['peakstone'],
  paths: [],
  needs: ['postgres', 'db-bootstrap'],
  stateful: true,
  aliases: [],
  logLabel: 'backup',
  limits: { memoryMb: 512, cpus: 1, pids: 128 },
  variables: backupVariables,
  requires: [],
  container: backupContainer,
  local: {
    wanted: hasBackups,
    process: 'own',
    limits: { niceness: 10 },
    secrets: ['DB_BACKUP_PASSWORD'],
    plan: async () => await import('./plan.ts'),
    run: moduleBeside(import.meta.url, './run'),
  },
};
