import type { Env } from '@peakstone/kernel/service';
import { restService } from '@peakstone/rest';
import { httpUrl } from '../../run/urls.ts';
import type { RunContext, Started } from '../local.ts';
import { restDefaults } from './defaults.ts';

export async function start(context: RunContext, signal: AbortSignal): Promise<Started> {
  const { log } = context;
  const write = (text: string): void => log.write(text);
  const service = await restService.start({ env: restEnv(context) }, { out: write, err: write }, signal);
  return {
    handler: service.handler,
    health: () => service.health(),
    stop: () => service.stop(),
    // It looks at the schema again by itself, a moment after; whoever asks wants it served now.
    refresh: () => service.refreshCatalog(),
  };
}

/** The stack's settings in the reference's words; what the operator set in them wins. */
function restEnv({ env, host, ports, peers, facts }: RunContext): Env {
  const front = peers.find(peer => peer.front)?.name ?? '';
  const defaults: Record<string, string> = {
    PGRST_DB_URI: facts.databaseApiUrl ?? '',
    PGRST_DB_SCHEMAS: facts.schemas ?? '',
    // Where the stack's extensions are, whose functions and operators statements name without a schema.
    PGRST_DB_EXTRA_SEARCH_PATH: 'public,extensions',
    PGRST_DB_ANON_ROLE: 'web_anon',
    PGRST_JWT_SECRET: env.JWT_SECRET ?? '',
    // Opened on demand and closed when idle; writes that run side by side share one fsync.
    PGRST_DB_POOL: '32',
    PGRST_SERVER_HOST: '127.0.0.1',
    ...restDefaults,
    PGRST_OPENAPI_SERVER_PROXY_URI: `${httpUrl(host, ports[front])}/rest/v1`,
  };
  const own = Object.entries(env).filter(([name, value]) => name.startsWith('PGRST_') && value);
  return { ...defaults, ...Object.fromEntries(own) };
}
