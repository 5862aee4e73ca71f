import { gateway, type Listed, type Route } from '@peakstone/gateway';
import { createLogger } from '@peakstone/kernel/log';
import { httpUrl } from '../../project/urls.ts';
import type { Peer, RunContext, RunningService } from '../local.ts';
import { routeTo } from './routes.ts';

export async function start(context: RunContext, signal: AbortSignal): Promise<RunningService> {
  const env = { ...context.env, GATEWAY_HOST: context.host };
  const log = createLogger({ format: 'json', stream: context.log });
  const routes = context.peers.flatMap(peer => routesTo(peer, context));
  const { PEAKSTONE_COMMAND: command } = context.env;
  const deps = { routes, listed: listed(context), log, command, listener: context.listener };
  const running = await gateway.start(gateway.config(env), deps, signal);
  return { health: () => running.health(), stop: () => running.stop().finally(() => log.flush()) };
}

/** Services of ours, and those of others by their addresses. What has no path stays inside. */
function routesTo(peer: Peer, { env, ports, reach, health }: RunContext): Route[] {
  const { name, route, engine } = peer;
  if (route === undefined) return [];
  if (engine.kind === 'external') return [routeTo({ ...peer, route }, engine.url, env)];
  return [
    {
      ...routeTo({ ...peer, route }, reach(name), env),
      address: httpUrl('127.0.0.1', ports[name]),
      health: () => health(name),
    },
  ];
}

/**
 * What no path leads to: what all the others need, and what works beside them. Not with its contract: a database here need
 * not have the deployed one's extensions.
 */
function listed({ peers, ports, health }: RunContext): Listed[] {
  return peers
    .filter(
      ({ essential, route, front, engine }) =>
        essential || (route === undefined && !front && engine.kind === 'peakstone'),
    )
    .map(({ name, title, scheme, essential }) => ({
      name,
      title,
      health: () => health(name),
      ...(!essential && { aside: true }),
      ...(ports[name] === undefined ? {} : { address: `${scheme}://127.0.0.1:${ports[name]}` }),
    }));
}
