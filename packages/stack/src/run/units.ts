import { existsSync } from 'node:fs';
import { lookAt } from '@peakstone/kernel/health';
import type { EnvValues } from '../project/envFile.ts';
import { httpUrl } from '../project/urls.ts';
import { services } from '../services/index.ts';
import type { LocalRun, Peer, Runner, RunningService } from '../services/local.ts';
import type { Service } from '../services/service.ts';
import { HeldPort } from './heldPort.ts';
import type { StackLogs } from './logs.ts';
import type { StackPlan } from './plan.ts';
import type { ServiceProcess } from './process/process.ts';
import { processName } from './processes.ts';
import type { RunningServices } from './runningServices.ts';
import type { StackFolder } from './stackFolder.ts';
import type { Unit } from './unit.ts';

/** What a unit takes of the run that it is a part of. */
export interface UnitDeps {
  readonly folder: StackFolder;
  readonly plan: StackPlan;
  readonly logs: StackLogs;
  /** Folder of the log files. */
  readonly logFolder: string;
  readonly registry: RunningServices;
  /** By name. */
  readonly processes: ReadonlyMap<string, ServiceProcess>;
}

/** Services that take part here, in the order of the table. */
export function buildUnits(deps: UnitDeps): Unit[] {
  const { plan } = deps;
  const peers = services.flatMap((service): Peer[] => {
    const engine = plan.engines.get(service.name);
    if (!engine) return [];
    const { name, title, contract, paths, route, domain, scheme = 'http', front = false } = service;
    const essential = service.local?.essential === true;
    return [{ name, title, contract, paths, route, domain, scheme, front, essential, engine }];
  });
  return services.flatMap((service): Unit[] => {
    const engine = plan.engines.get(service.name);
    if (!engine) return [];
    if (engine.kind === 'external' && !service.local?.essential) return [externalUnit(service, engine.url)];
    return [localUnit(service, service.local!, peers, deps)];
  });
}

function localUnit(service: Service, local: LocalRun, peers: readonly Peer[], deps: UnitDeps): Unit {
  const { name, title, front } = service;
  const { folder, plan, registry } = deps;
  const engine = plan.engines.get(name)!.kind;
  const needs = service.needs.filter(need => plan.engines.has(need));
  // Everything of ours is up before the front, so that the first request is answered; afterwards it answers for those that are.
  const after = front
    ? peers.filter(peer => peer.name !== name && peer.engine.kind === 'peakstone').map(peer => peer.name)
    : [];
  const held = holdPort(service, local, deps);
  let begunWith: EnvValues = {};
  return {
    name,
    title,
    engine,
    essential: local.essential === true,
    mendsItself: local.mendsItself === true && engine === 'peakstone',
    port: plan.ports[name] ?? null,
    url: plan.addresses[name] ?? null,
    adminUrl: plan.adminAddresses[name] ?? null,
    needs,
    after,
    start: async (signal, step, crashed) => {
      begunWith = plan.env();
      const running = await startIn(service, local, peers, deps, signal, { step, crashed }, held).catch(
        error => {
          held?.expect();
          throw error;
        },
      );
      held?.served();
      registry.arrive(name, running);
      running.ended?.then(() => held?.expect());
      return {
        ...running,
        stop: () => {
          registry.leave(name);
          held?.expect();
          return running.stop();
        },
      };
    },
    ...(engine === 'peakstone' && {
      // Where the folder was, or without its file, nothing says other secrets.
      outdatedSecrets: () =>
        folder.isMoved || !existsSync(plan.paths.env) ? [] : changed(local.secrets, begunWith, plan),
    }),
    ...(held && { release: () => held.release() }),
  };
}

function changed(names: readonly string[], before: EnvValues, plan: StackPlan): readonly string[] {
  try {
    const now = plan.env();
    return names.filter(name => now[name] !== before[name]);
  } catch {
    // Settings that cannot be read are told by whatever starts next, with their line; how services are is another matter.
    return [];
  }
}

/** Null where it listens elsewhere, or in this process, which holds its port already. */
function holdPort({ name }: Service, local: LocalRun, { plan, processes }: UnitDeps): HeldPort | null {
  const port = plan.ports[name];
  const host = local.listensAt?.(plan.env(), plan.host) ?? null;
  if (port === undefined || host === null || !processes.has(processName(name, local))) return null;
  return new HeldPort(host, port);
}

/** In the process that the row chooses. */
async function startIn(
  { name }: Service,
  local: LocalRun,
  peers: readonly Peer[],
  { folder, plan, logs, logFolder, registry, processes }: UnitDeps,
  signal: AbortSignal,
  events: { step(text: string): void; crashed(): void },
  held: HeldPort | null,
): Promise<RunningService> {
  folder.assertUnmoved();
  const env = plan.env();
  // A password that is another in `.env` by now must be the role's before it logs in with it, and no sooner.
  if (local.secrets.length > 0) await registry.adoptSecrets(env, signal);
  const told = { env, host: plan.host, ports: plan.ports, peers, facts: registry.facts() };
  const process = processes.get(processName(name, local));
  if (process) {
    const here = peers
      .map(peer => peer.name)
      .filter(peer => {
        const run = services.find(service => service.name === peer)?.local;
        return run !== undefined && processName(peer, run) === process.name;
      });
    const listener = (await held?.hold()) ?? null;
    return await process.start(name, local.run, { ...told, here, logs: logFolder }, signal, events, listener);
  }
  const runner = (await import(local.run)) as Runner;
  return await runner.start(
    {
      ...told,
      reach: peer => httpUrl('127.0.0.1', plan.ports[peer]),
      log: logs.stream(name),
      health: peer => registry.health(peer),
      ...events,
    },
    signal,
  );
}

/** Somebody else's service: the gateway hands requests on to it; here it is only looked at. */
function externalUnit({ name, title }: Service, url: string): Unit {
  return {
    name,
    title,
    engine: 'external',
    essential: false,
    mendsItself: false,
    port: null,
    url: new URL(url).origin,
    adminUrl: null,
    needs: [],
    after: [],
    start: async () => ({ health: () => lookAt(url, 900), stop: async () => undefined }),
  };
}
