import type { GraphqlService } from '@peakstone/graphql';
import { parseConfig } from '@peakstone/graphql/config';
import { serveHttp, type UpgradeListener } from '@peakstone/kernel/http';
import { parseConninfo } from '@peakstone/kernel/pg';
import type { Env } from '@peakstone/kernel/service';
import type { RunContext, RunningService } from '../local.ts';
import { graphqlDefaults, graphqlEnvironment } from './environment.ts';

/**
 * Its settings are looked at and its port opened at once; the engine is loaded and the database read by the first request,
 * so that a stack whose application asks no GraphQL pays neither time nor memory for it.
 */
export async function start(context: RunContext, signal: AbortSignal): Promise<RunningService> {
  const { log, listener } = context;
  const config = parseConfig(graphqlEnv(context));
  const write = (text: string): void => log.write(text);
  const aborter = new AbortController();
  signal.addEventListener('abort', () => aborter.abort(), { once: true });
  let starting: Promise<GraphqlService> | null = null;
  const load = (): Promise<GraphqlService> => {
    starting ??= import('@peakstone/graphql').then(({ graphqlService }) =>
      graphqlService.start({ config, listens: false }, { out: write }, aborter.signal),
    );
    // A start that failed is tried again by the next request.
    starting.catch(() => {
      starting = null;
    });
    return starting;
  };
  const handler: RunningService['handler'] = async request => (await load()).handler(request);
  const onUpgrade: UpgradeListener = (request, socket, head) => {
    // It may break off before the engine, which looks after it, is there.
    socket.on('error', () => socket.destroy());
    load().then(
      service => service.onUpgrade(request, socket, head),
      error => {
        write(`${String((error as Error).stack)}\n`);
        socket.destroy();
      },
    );
  };
  const server = await serveHttp(handler, {
    host: '127.0.0.1',
    port: config.port,
    listener,
    maxBodyBytes: config.limits.maxBodyBytes,
    onUpgrade,
    onError: error => write(`${String((error as Error).stack)}\n`),
  });
  return {
    handler,
    onUpgrade,
    health: async () => (starting ? await (await starting).health() : { ok: true }),
    async stop() {
      aborter.abort();
      const started = await starting?.catch(() => null);
      await started?.drain();
      await server.close(30_000);
      await started?.stop();
    },
    refresh: async () => {
      if (starting) await (await starting).refresh();
    },
  };
}

/** Settings of the operator's that it is given; metadata may name further ones, which he lists. */
const isOwn = (name: string, env: Env): boolean =>
  /^(?:HASURA|PEAKSTONE)_GRAPHQL_/.test(name) ||
  (env.PEAKSTONE_GRAPHQL_METADATA_ENV ?? '').split(',').some(each => each.trim() === name);

/** What the operator set in the reference's words wins. Pure. */
export function graphqlEnv({ env, facts }: Pick<RunContext, 'env' | 'facts'>): Env {
  const defaults = graphqlEnvironment({
    adminSecret: env.HASURA_ADMIN_SECRET ?? '',
    jwtSecret: JSON.stringify({
      type: 'HS256',
      key: env.JWT_SECRET ?? '',
      claims_namespace_path: '$',
      claims_format: 'json',
    }),
    corsDomain: env.HASURA_CORS || '*',
    anonRole: 'web_anon',
  });
  const own = Object.entries(env).filter(([name, value]) => value && isOwn(name, env));
  const requests = parseConninfo(facts.databaseApiUrl ?? '');
  return {
    ...defaults,
    ...graphqlDefaults,
    PEAKSTONE_GRAPHQL_SCHEMAS: facts.schemas ?? '',
    // Opened on demand and closed when idle.
    HASURA_GRAPHQL_PG_CONNECTIONS: '16',
    HASURA_GRAPHQL_DATABASE_URL: facts.databaseGraphqlUrl ?? '',
    PEAKSTONE_GRAPHQL_REQUEST_LOGIN: requests.user,
    PEAKSTONE_GRAPHQL_REQUEST_PASSWORD: requests.password ?? '',
    ...Object.fromEntries(own),
  };
}
