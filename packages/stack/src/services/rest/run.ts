import type { Env } from '@peakstone/kernel/service';
import { restService } from '@peakstone/rest';
import { httpUrl } from '../../project/urls.ts';
import type { RunContext, RunningService } from '../local.ts';
import { restDefaults } from './defaults.ts';
import { restEnvironment } from './environment.ts';

export async function start(context: RunContext, signal: AbortSignal): Promise<RunningService> {
  const { log, listener } = context;
  const write = (text: string): void => log.write(text);
  const service = await restService.start(
    { env: restEnv(context) },
    { out: write, err: write, listener },
    signal,
  );
  return {
    handler: service.handler,
    health: () => service.health(),
    stop: () => service.stop(),
    // It looks at the schema again by itself, a moment after; whoever asks wants it served now.
    refresh: () => service.refreshCatalog(),
  };
}

/** Behind the front, where the stack has one. */
function publicUrl({ host, ports, peers }: Pick<RunContext, 'host' | 'ports' | 'peers'>): string {
  const front = peers.find(peer => peer.front);
  return front ? `${httpUrl(host, ports[front.name])}/rest/v1` : httpUrl('127.0.0.1', ports.rest);
}

/** What the operator set in the reference's words wins; the extensions' schema stays on the path all the same. Pure. */
export function restEnv({
  env,
  host,
  ports,
  peers,
  facts,
}: Pick<RunContext, 'env' | 'host' | 'ports' | 'peers' | 'facts'>): Env {
  const defaults = restEnvironment({
    databaseUri: facts.databaseApiUrl ?? '',
    // Opened on demand and closed when idle; writes that run side by side share one fsync.
    connections: '32',
    anonRole: 'web_anon',
    schemas: facts.schemas ?? '',
    extraSearchPath: env.PGRST_DB_EXTRA_SEARCH_PATH || 'public',
    jwtSecret: env.JWT_SECRET ?? '',
    publicUrl: publicUrl({ host, ports, peers }),
    host: '127.0.0.1',
  });
  const own = Object.entries(env).filter(
    ([name, value]) => name.startsWith('PGRST_') && value && name !== 'PGRST_DB_EXTRA_SEARCH_PATH',
  );
  return { ...defaults, ...restDefaults, ...Object.fromEntries(own) };
}
