import type { Health } from '@peakstone/kernel/service';
import { services } from '../services/index.ts';
import type { Facts, LocalRun, Peer, RunContext, Started } from '../services/local.ts';
import type { Service } from '../services/service.ts';
import { Handlers } from './handlers.ts';
import type { StackLogs } from './logs.ts';
import type { StackPlan } from './plan.ts';
import { probe } from './probe.ts';
import type { Unit } from './unit.ts';

/** What is up at the moment; restarts replace it, and whoever calls in process looks here each time. */
export class Live {
  readonly handlers = new Handlers();
  readonly #started = new Map<string, Started>();

  arrive(name: string, started: Started): void {
    this.#started.set(name, started);
    if (started.handler) this.handlers.arrive(name, started.handler);
  }

  leave(name: string): void {
    const left = this.#started.get(name);
    this.#started.delete(name);
    if (left?.handler) this.handlers.leave(name);
  }

  async health(name: string): Promise<Health> {
    return (await this.#started.get(name)?.health()) ?? { ok: false, reason: 'not running' };
  }

  /** What the services that are up have told, with these settings. */
  facts(env: RunContext['env']): Facts {
    return Object.assign({}, ...[...this.#started.values()].map(started => started.facts?.(env)));
  }

  /** Resolves when every service serves what the others have now. */
  async refresh(): Promise<void> {
    await Promise.all([...this.#started.values()].map(started => started.refresh?.()));
  }
}

/** Services that take part here, in the order of the table. */
export function buildUnits(
  plan: StackPlan,
  logs: StackLogs,
): { readonly units: Unit[]; readonly live: Live } {
  const live = new Live();
  const peers = services.flatMap((definition): Peer[] => {
    const engine = plan.engines.get(definition.name);
    return engine ? [{ definition, engine, essential: definition.local?.essential === true }] : [];
  });
  const units = services.flatMap((service): Unit[] => {
    const engine = plan.engines.get(service.name);
    if (!engine) return [];
    if (engine.kind === 'external' && !service.local?.essential) return [externalUnit(service, engine.url)];
    return [localUnit(service, service.local!, { plan, logs, live, peers })];
  });
  return { units, live };
}

interface House {
  readonly plan: StackPlan;
  readonly logs: StackLogs;
  readonly live: Live;
  readonly peers: readonly Peer[];
}

function localUnit(service: Service, local: LocalRun, { plan, logs, live, peers }: House): Unit {
  const { name, title, front } = service;
  // Everything of ours is up before the front, so that the first request is answered.
  const needs = front
    ? peers
        .filter(peer => peer.definition.name !== name && peer.engine.kind === 'peakstone')
        .map(peer => peer.definition.name)
    : service.needs.filter(need => plan.engines.has(need));
  return {
    name,
    title,
    engine: plan.engines.get(name)!.kind,
    essential: local.essential === true,
    port: plan.ports[name] ?? null,
    url: plan.addresses[name] ?? null,
    needs,
    start: async (signal, step, crashed) => {
      const { start } = await local.run();
      const env = plan.env();
      const started = await start(
        {
          env,
          host: plan.host,
          ports: plan.ports,
          peers,
          facts: live.facts(env),
          handlers: live.handlers,
          log: logs.stream(name),
          health: peer => live.health(peer),
          step,
          crashed,
        },
        signal,
      );
      live.arrive(name, started);
      return {
        health: () => started.health(),
        stop: () => {
          live.leave(name);
          return started.stop();
        },
      };
    },
  };
}

/** Somebody else's service: the gateway hands requests on to it; here it is only looked at. */
function externalUnit({ name, title }: Service, url: string): Unit {
  return {
    name,
    title,
    engine: 'external',
    essential: false,
    port: null,
    url: new URL(url).origin,
    needs: [],
    start: async () => ({ health: () => probe(url), stop: async () => undefined }),
  };
}
