import { hasBackups, readBackupConfig } from '@peakstone/backup';
import { ConfigError } from '@peakstone/kernel/config';
import { error, type ValueCheck } from '../../checks/check.ts';
import type { Variable } from '../../variable.ts';
import { backupMethod } from './method.ts';

/** As the service will read it, in the company of the others. */
const isReadable: ValueCheck = (_value, { name, values }) => {
  if (!hasBackups(values)) return undefined;
  try {
    backupMethod(values);
    readBackupConfig(values, '/');
    return undefined;
  } catch (reason) {
    if (!(reason instanceof ConfigError) || reason.variable !== name) return undefined;
    return error(`it must be ${reason.expected}`, 'see docs/backup.md');
  }
};

export const backupVariables: readonly Variable[] = [
  setting(
    'BACKUP_STORE',
    'Where backups go: a folder, or s3://BUCKET/PREFIX. Without, none are made.',
    '/backups',
  ),
  setting(
    'BACKUP_KEY',
    'Encrypts what leaves the machine; openssl rand -hex 32 makes one. Keep a copy elsewhere: without it no backup can be read.',
  ),
  setting('BACKUP_ENCRYPT', 'auto (what leaves the machine), on or off.', 'auto'),
  setting('BACKUP_S3_ENDPOINT', 'Of a server that is not Amazon’s.', 'https://s3.example.com'),
  setting('BACKUP_S3_REGION', 'Without: AWS_REGION.', 'us-east-1'),
  setting('BACKUP_S3_ACCESS_KEY', 'Of a user who may read, write, list and delete there, and nothing else.'),
  setting('BACKUP_S3_SECRET_KEY'),
  setting(
    'BACKUP_FULL',
    'When a full backup is made: cron in UTC, hourly, daily, weekly, monthly or off.',
    '0 1 * * 0',
  ),
  setting('BACKUP_INCREMENTAL', 'When what has changed since the last one is.', '0 1 * * 1-6'),
  setting('BACKUP_TEST', 'When a backup is restored on a throw-away server and read.', '0 4 * * 0'),
  setting('BACKUP_KEEP_DAYS', 'Every moment of so many days can be restored.', '14'),
  setting('BACKUP_KEEP_FULLS', 'So many full backups stay, however old.', '2'),
  setting('BACKUP_WAL_SECONDS', 'What a lost machine may cost.', '10'),
  setting('BACKUP_SCRATCH', 'Where there is room to restore one for a test.', '/tmp'),
  setting(
    'BACKUP_METHOD',
    'physical (files and WAL, to any moment), logical (SQL), or auto: logical where the database is somebody else’s and no BACKUP_DATABASE_URL is given.',
    'auto',
  ),
  setting(
    'BACKUP_DATABASE_URL',
    'Another database than the stack’s, as a role with REPLICATION, or, where BACKUP_METHOD=logical, as one that may read everything.',
    'postgres://db_backup@db.example.com/postgres',
  ),
];

function setting(name: string, comment?: string, value?: string): Variable {
  return {
    ...{ name, group: 'Backups', optional: true, checks: [isReadable] },
    ...(comment !== undefined && { comment }),
    ...(value !== undefined && { value }),
  };
}
