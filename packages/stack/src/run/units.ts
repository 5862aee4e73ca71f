import { databaseService, renderReport, type RunningDatabase } from '@peakstone/database';
import { type Handler, type HttpResponse, jsonResponse, proxyTo } from '@peakstone/kernel/http';
import type { Env, HttpService, Running } from '@peakstone/kernel/service';
import { startRest } from '@peakstone/rest';
import type { ServiceDefinition } from '../definition.ts';
import { services } from '../services.ts';
import { startGateway } from './gateway-interim.ts';
import type { StackLogs } from './logs.ts';
import type { RunEngine, StackPlan } from './plan.ts';
import type { Unit } from './supervisor.ts';
import { httpUrl, withPassword } from './urls.ts';

/** What is up at the moment; restarts replace it, and whoever calls in process looks here each time. */
export interface Live {
  database: RunningDatabase | null;
  readonly handlers: Map<string, Handler>;
}

/** Services that are started here, in the order of the table. The bootstrap is part of the database's start. */
export function buildUnits(plan: StackPlan, logs: StackLogs): { readonly units: Unit[]; readonly live: Live } {
  const live: Live = { database: null, handlers: new Map() };
  const units = services.flatMap(definition => {
    const engine = plan.engines.get(definition.name);
    if (!engine) return [];
    switch (definition.name) {
      case 'postgres':
        return [postgresUnit(definition, engine, plan, logs, live)];
      case 'rest':
        return [engine.kind === 'external' ? externalUnit(definition, engine.url, live) : restUnit(definition, plan, logs, live)];
      case 'gateway':
        return [gatewayUnit(definition, plan, logs, live)];
      default:
        return engine.kind === 'external' ? [externalUnit(definition, engine.url, live)] : [];
    }
  });
  return { units, live };
}

function describe({ name, title }: ServiceDefinition, engine: string, port: number | null, url: string | null) {
  return { name, title, engine, port, url };
}

function postgresUnit(definition: ServiceDefinition, engine: RunEngine, plan: StackPlan, logs: StackLogs, live: Live): Unit {
  const port = plan.ports.postgres ?? null;
  const config = plan.database();
  // Without a password: it is shown on a terminal, and in status for everyone who asks.
  const url = port === null ? null : `postgres://${encodeURIComponent(config.superuser)}@127.0.0.1:${port}/${encodeURIComponent(config.database)}`;
  return {
    ...describe(definition, engine.kind, port, url),
    needs: [],
    start: async (signal, step) => {
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
                return logs.write('postgres', `PostgreSQL ${event.version} on port ${event.port}, process ${event.pid}, up in ${Math.round(event.durationMs)} ms`);
              case 'bootstrapped':
                return renderReport(event.report).forEach(line => logs.write('postgres', line));
              case 'crashed':
                return logs.write('postgres', `ended unasked: ${event.reason}; starting again`);
              case 'restartFailed':
                return logs.write('postgres', `did not start again: ${event.error.message}`);
            }
          },
        },
        signal,
      )) as RunningDatabase;
      live.database = running;
      return withStop(running, () => {
        live.database = null;
      });
    },
  };
}

function restUnit(definition: ServiceDefinition, plan: StackPlan, logs: StackLogs, live: Live): Unit {
  const port = plan.ports.rest!;
  return {
    ...describe(definition, 'peakstone', port, httpUrl('127.0.0.1', port)),
    needs: ['postgres'],
    start: async signal => {
      const log = logs.stream('rest');
      const service = await startRest({ env: restEnv(plan, live) }, { out: log.write, err: log.write }, signal);
      return published('rest', service, live);
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
    PGRST_SERVER_HOST: '127.0.0.1',
    PGRST_OPENAPI_SERVER_PROXY_URI: `${httpUrl(plan.host, plan.ports.gateway)}/rest/v1`,
  };
  const own = Object.entries(env).filter(([name, value]) => name.startsWith('PGRST_') && value);
  return { ...defaults, ...Object.fromEntries(own), PGRST_SERVER_PORT: String(plan.ports.rest) };
}

function externalUnit(definition: ServiceDefinition, url: string, live: Live): Unit {
  return {
    ...describe(definition, 'external', null, new URL(url).origin),
    needs: [],
    start: async () => {
      const proxy = proxyTo(url);
      live.handlers.set(definition.name, proxy.handler);
      // It is somebody else's: whether it is well shows in its answers.
      return withStop({ health: async () => ({ ok: true }), stop: async () => proxy.close() }, () => live.handlers.delete(definition.name));
    },
  };
}

function gatewayUnit(definition: ServiceDefinition, plan: StackPlan, logs: StackLogs, live: Live): Unit {
  const port = plan.ports.gateway!;
  return {
    ...describe(definition, 'peakstone', port, httpUrl(plan.host, port)),
    // Everything else is up first, so that the first request is answered.
    needs: [...plan.engines.keys()].filter(name => name !== definition.name),
    start: signal => startGateway({ host: plan.host, port, paths: { '/rest/v1': current('rest', live) }, log: logs.stream('gateway') }, signal),
  };
}

/** Calls whoever serves at this moment, without a socket between; while it restarts, clients are asked to come back. */
function current(name: string, live: Live): Handler {
  return request => live.handlers.get(name)?.(request) ?? unavailable(name);
}

function unavailable(name: string): HttpResponse {
  const response = jsonResponse(503, { code: 'unavailable', message: `The service '${name}' is not up at the moment.` });
  return { ...response, headers: [...response.headers, 'Retry-After', '1'] };
}

function published(name: string, service: HttpService, live: Live): Running {
  live.handlers.set(name, service.handler);
  return withStop(service, () => live.handlers.delete(name));
}

/** The same service, with something to do before it stops. */
function withStop(running: Running, before: () => unknown): Running {
  return {
    health: () => running.health(),
    stop: () => {
      before();
      return running.stop();
    },
  };
}
