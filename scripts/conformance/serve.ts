/** Starts the engine for one group of settings. */
import { loadCatalog } from '@peakstone/kernel/catalog';
import { serveHttp } from '@peakstone/kernel/http';
import { createPool } from '@peakstone/kernel/pg';
import { createAuthenticate } from '../../packages/rest/src/authenticate.ts';
import { resolveSecrets } from '../../packages/rest/src/config/secrets.ts';
import { parseSettings } from '../../packages/rest/src/config/settings.ts';
import type { RestConfig } from '../../packages/rest/src/config/types.ts';
import { createRestHandler } from '../../packages/rest/src/edge.ts';
import type { RestEvent } from '../../packages/rest/src/events.ts';
import type { Settings } from './cases.ts';

export interface Served {
  readonly baseUrl: string;
  stop(): Promise<void>;
}

/** Settings as a recorded group gives them, read by the product's own configuration reader. */
export async function configOf(base: Settings, changes: Settings, dbUri: string): Promise<RestConfig> {
  const file = new Map<string, string | number | boolean>();
  const merged: Record<string, unknown> = { ...base, ...changes };
  for (const [name, value] of Object.entries(merged)) {
    if (value === null || value === undefined) continue;
    if (name === 'app.settings') {
      for (const [key, setting] of Object.entries(value as Record<string, string>)) file.set(key, setting);
    } else if (Array.isArray(value)) {
      file.set(name, value.join(','));
    } else if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
      file.set(name, value);
    } else {
      file.set(name, JSON.stringify(value));
    }
  }
  file.set('db-uri', dbUri);
  const unresolved = parseSettings({ file, env: {}, database: new Map() });
  return resolveSecrets(unresolved, null);
}

export async function serve(config: RestConfig, port = 0): Promise<Served> {
  const pool = createPool({ url: config.dbUri, size: 8, isolated: true });
  const catalog = await loadCatalog(pool, {
    schemas: config.dbSchemas,
    extraSearchPath: config.dbExtraSearchPath,
  });
  const authenticate = createAuthenticate(config);
  const emit = (event: RestEvent): void => {
    if (event.kind === 'serverFault') console.error('server fault:', event.error);
  };
  const renewCatalog = async (): Promise<null> => null;
  const context = { config, catalog, pool, authenticate, retryAfterSeconds: 1, emit, renewCatalog };
  const server = await serveHttp(
    createRestHandler(() => context),
    { host: '127.0.0.1', port, onError: error => console.error('server fault:', error) },
  );
  return {
    baseUrl: `http://127.0.0.1:${server.port}`,
    async stop() {
      await server.close();
      await pool.close(1000);
    },
  };
}
