import { connectionUrl } from '@peakstone/database';
import { parseConninfo, withLogin } from '@peakstone/kernel/pg';
import type { EnvValues } from '../../project/envFile.ts';
import { externalUrl } from '../../project/urls.ts';

/** The administrator's address of the stack's database, from the stack's settings and its ports. Pure. */
export function administratorUrl(values: EnvValues, ports: Readonly<Record<string, number>>): string {
  const external = externalUrl(values.DATABASE_ENGINE);
  if (external !== null) {
    // A password that was pasted in raw is encoded from here on.
    const { user, password } = parseConninfo(external, {});
    return withLogin(external, user, password);
  }
  return connectionUrl(
    { host: '127.0.0.1', port: ports.postgres ?? 5432 },
    values.POSTGRES_DB || 'postgres',
    values.POSTGRES_SUPERUSER || 'postgres',
    values.POSTGRES_SUPERPASS,
  );
}
