/**
 * The services of the stack, in start order: one row each, made in the folder of its name. A service to come joins by a folder
 * and one line here; nothing else knows its name.
 */
import { admin } from './admin/index.ts';
import { atlasMigrate } from './atlas-migrate/index.ts';
import { backup } from './backup/index.ts';
import { consoleRow } from './console/index.ts';
import { cron } from './cron/index.ts';
import { dbBootstrap } from './db-bootstrap/index.ts';
import { gateway } from './gateway/index.ts';
import { grafana } from './grafana/index.ts';
import { graphql } from './graphql/index.ts';
import { images } from './images/index.ts';
import { logs } from './logs/index.ts';
import { logsAgent } from './logs-agent/index.ts';
import { pooler } from './pooler/index.ts';
import { postgres } from './postgres/index.ts';
import { rest } from './rest/index.ts';
import type { Service } from './service.ts';
import { storage } from './storage/index.ts';
import { storageBootstrap } from './storage-bootstrap/index.ts';

export const services: readonly Service[] = [
  postgres,
  dbBootstrap,
  atlasMigrate,
  cron,
  pooler,
  rest,
  graphql,
  storage,
  storageBootstrap,
  images,
  backup,
  consoleRow,
  gateway,
  admin,
  logs,
  logsAgent,
  grafana,
];

const byName = new Map(services.map(service => [service.name, service]));

export function findRow(name: string): Service | undefined {
  return byName.get(name);
}

export const serviceNames: ReadonlySet<string> = new Set(byName.keys());

/** Titles for people of the services that can take part in a local run, by name. */
export const serviceTitles: ReadonlyMap<string, string> = new Map(
  services.flatMap(({ name, title, kind, engines }) =>
    kind === 'service' && (engines.includes('peakstone') || engines.includes('external'))
      ? [[name, title] as const]
      : [],
  ),
);
