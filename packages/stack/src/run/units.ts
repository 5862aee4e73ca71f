import {
  type DatabaseConfig,
  databaseService,
  type RunningDatabase,
  renderReport,
} from '@peakstone/database';
import { gateway, type Listed, type Route, routesFromEnv } from '@peakstone/gateway';
import { createLogger } from '@peakstone/kernel/log';
import type { Env, Health, Running } from '@peakstone/kernel/service';
import { type RestService, restService } from '@peakstone/rest';
import type { ServiceDefinition } from '../definition.ts';
import { isExampleHost } from '../exampleHost.ts';
import { restDefaults } from '../restDefaults.ts';
import { services } from '../services.ts';
import { Handlers } from './handlers.ts';
import type { StackLogs } from './logs.ts';
import type { RunEngine, StackPlan } from './plan.ts';
import type { Unit } from './unit.ts';
import { httpUrl, withPassword } from './urls.ts';

/** What is up at the moment; restarts replace it, and whoever calls in process looks here each time. */
export interface Live {
  database: RunningDatabase | null;
  rest: RestService | null;
  readonly handlers: Handlers;
  readonly running: Map<string, Running>;
}

/** Services that are started here, in the order of the table. The bootstrap is part of the database's start. */
export function buildUnits(
  plan: StackPlan,
  logs: StackLogs,
): { readonly units: Unit[]; readonly live: Live } {
  const live: Live = { database: null, rest: null, handlers: new Handlers(), running: new Map() };
  const units = services.flatMap(definition => {
    const engine = plan.engines.get(definition.name);
    if (!engine) return [];
    if (definition.name === 'postgres') return [postgresUnit(definition, engine, plan, logs, live)];
    if (engine.kind === 'external') return [externalUnit(definition, engine.url)];
    if (definition.name === 'rest') return [restUnit(definition, plan, logs, live)];
    return definition.name === 'gateway' ? [gatewayUnit(definition, plan, logs, live)] : [];
  });
  return { units, live };
}

function describe(
  { name, title }: ServiceDefinition,
  engine: RunEngine['kind'],
  port: number | null,
  url: string | null,
) {
  return { name, title, engine, port, url };
}

function postgresUnit(
  definition: ServiceDefinition,
  engine: RunEngine,
  plan: StackPlan,
  logs: StackLogs,
  live: Live,
): Unit {
  const port = plan.ports.postgres ?? null;
  const url = databaseAddress(engine, port, plan.database());
  return {
    ...describe(definition, engine.kind, port, url),
    needs: [],
    start: async (signal, step, crashed) => {
      const running = (await databaseService.start(
        plan.database(),
        {
          onEvent: event => {
            switch (event.kind) {
              case 'serverLog':
                return logs.write('postgres', event.line);
              case 'notice':
                logs.write('postgres', event.text);
                return step(event.text);
              case 'started':
                return logs.write(
                  'postgres',
                  `PostgreSQL ${event.version} on port ${event.port}, process ${event.pid}, up in ${Math.round(event.durationMs)} ms`,
                );
              case 'bootstrapped': {
                for (const line of renderReport(event.report)) logs.write('postgres', line);
                return;
              }
              case 'crashed':
                crashed();
                return logs.write('postgres', `ended unasked: ${event.reason}; starting again`);
              case 'restartFailed':
                return logs.write('postgres', `did not start again: ${event.error.message}`);
            }
          },
        },
        signal,
      )) as RunningDatabase;
      live.database = running;
      return announced('postgres', running, live, () => {
        live.database = null;
      });
    },
  };
}

/** Without a password: it is shown on a terminal, and in status for everyone who asks. */
function databaseAddress(engine: RunEngine, port: number | null, config: DatabaseConfig): string | null {
  if (engine.kind === 'external') {
    const url = new URL(engine.url);
    url.password = '';
    url.search = '';
    return url.href;
  }
  const user = encodeURIComponent(config.superuser);
  return `postgres://${user}@127.0.0.1:${port}/${encodeURIComponent(config.database)}`;
}

function restUnit(definition: ServiceDefinition, plan: StackPlan, logs: StackLogs, live: Live): Unit {
  const port = plan.ports.rest!;
  return {
    ...describe(definition, 'peakstone', port, httpUrl('127.0.0.1', port)),
    needs: ['postgres'],
    start: async signal => {
      const log = logs.stream('rest');
      const service = await restService.start(
        { env: restEnv(plan, live) },
        { out: log.write, err: log.write },
        signal,
      );
      live.rest = service;
      live.handlers.arrive('rest', service.handler);
      return announced('rest', service, live, () => {
        live.rest = null;
        live.handlers.leave('rest');
      });
    },
  };
}

/** The stack's settings in the reference's words; what the operator set in them wins. */
function restEnv(plan: StackPlan, live: Live): Env {
  const env = plan.env();
  const config = plan.database();
  const defaults: Record<string, string> = {
    // The database has been up since before a rotation, so that the password it knows may be yesterday's.
    PGRST_DB_URI: withPassword(live.database!.url('db_authenticator'), config.passwords.db_authenticator),
    PGRST_DB_SCHEMAS: config.schemas.join(','),
    PGRST_DB_ANON_ROLE: 'web_anon',
    PGRST_JWT_SECRET: env.JWT_SECRET ?? '',
    // Opened on demand and closed when idle; writes that run side by side share one fsync.
    PGRST_DB_POOL: '32',
    PGRST_SERVER_HOST: '127.0.0.1',
    ...restDefaults,
    PGRST_OPENAPI_SERVER_PROXY_URI: `${httpUrl(plan.host, plan.ports.gateway)}/rest/v1`,
  };
  const own = Object.entries(env).filter(([name, value]) => name.startsWith('PGRST_') && value);
  return { ...defaults, ...Object.fromEntries(own), PGRST_SERVER_PORT: String(plan.ports.rest) };
}

/** Somebody else's service: the gateway hands requests on to it; here it is only looked at. */
function externalUnit(definition: ServiceDefinition, url: string): Unit {
  return {
    ...describe(definition, 'external', null, new URL(url).origin),
    needs: [],
    start: async () => ({ health: () => probe(url), stop: async () => undefined }),
  };
}

async function probe(url: string): Promise<Health> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(900), redirect: 'manual' });
    await response.body?.cancel();
    return response.status < 500 ? { ok: true } : { ok: false, reason: `answers ${response.status}` };
  } catch (error) {
    const { cause, message } = error as Error & { readonly cause?: { readonly code?: string } };
    return { ok: false, reason: `cannot be reached: ${cause?.code ?? message}` };
  }
}

function gatewayUnit(definition: ServiceDefinition, plan: StackPlan, logs: StackLogs, live: Live): Unit {
  const port = plan.ports.gateway!;
  return {
    ...describe(definition, 'peakstone', port, httpUrl(plan.host, port)),
    // Everything of ours is up first, so that the first request is answered.
    needs: [...plan.engines]
      .filter(([name, engine]) => name !== definition.name && engine.kind === 'peakstone')
      .map(([name]) => name),
    start: async signal => {
      const env = { ...plan.env(), GATEWAY_HOST: plan.host, GATEWAY_PORT: String(port) };
      const log = createLogger({ format: 'json', stream: logs.stream('gateway') });
      const deps = { routes: planRoutes(plan, env, live), listed: listDatabase(plan, live), log };
      const running = await gateway.start(gateway.config(env), deps, signal);
      return { health: () => running.health(), stop: () => running.stop().finally(() => log.flush()) };
    },
  };
}

/** Services in this process by their handlers, others by their addresses. */
function planRoutes(plan: StackPlan, env: Env, live: Live): Route[] {
  const inProcess = services.flatMap((definition): Route[] => {
    const { name, title, contract, paths, domain } = definition;
    if (name === 'gateway' || paths.length === 0 || plan.engines.get(name)?.kind !== 'peakstone') return [];
    const address = httpUrl('127.0.0.1', plan.ports[name]);
    const named = domain === undefined ? undefined : env[domain];
    const host = named === undefined || isExampleHost(named) ? undefined : named;
    // Without a socket between; while it restarts, requests wait a moment before clients are told to come back.
    const target = {
      current: () => live.handlers.current(name),
      expected: () => live.handlers.expected(name),
    };
    return [
      {
        name,
        title,
        contract,
        paths,
        host,
        stripPrefix: true,
        target,
        public: true,
        address,
        health: () => healthOf(name, live),
      },
    ];
  });
  return [...inProcess, ...routesFromEnv(env)];
}

function listDatabase(plan: StackPlan, live: Live): Listed[] {
  const definition = services.find(service => service.name === 'postgres')!;
  const port = plan.ports.postgres;
  return [
    {
      name: definition.name,
      title: definition.title,
      // Not the contract of the deployed one, whose extensions a database on this machine need not have.
      health: () => healthOf('postgres', live),
      ...(port === undefined ? {} : { address: `postgres://127.0.0.1:${port}` }),
    },
  ];
}

async function healthOf(name: string, live: Live): Promise<Health> {
  return (await live.running.get(name)?.health()) ?? { ok: false, reason: 'not running' };
}

/** Makes a service known to the others until it stops. */
function announced(name: string, running: Running, live: Live, before: () => unknown): Running {
  live.running.set(name, running);
  return {
    health: () => running.health(),
    stop: () => {
      before();
      live.running.delete(name);
      return running.stop();
    },
  };
}
