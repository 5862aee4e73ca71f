import { gateway, type Listed, type Route, routesFromEnv } from '@peakstone/gateway';
import { createLogger } from '@peakstone/kernel/log';
import { isExampleHost } from '../../exampleHost.ts';
import { httpUrl } from '../../run/urls.ts';
import type { Peer, RunContext, Started } from '../local.ts';

export async function start(context: RunContext, signal: AbortSignal): Promise<Started> {
  const env = { ...context.env, GATEWAY_HOST: context.host };
  const log = createLogger({ format: 'json', stream: context.log });
  const routes = [...context.peers.flatMap(peer => routeTo(peer, context)), ...routesFromEnv(env)];
  const deps = { routes, listed: listed(context), log, command: context.env.PEAKSTONE_COMMAND };
  const running = await gateway.start(gateway.config(env), deps, signal);
  return { health: () => running.health(), stop: () => running.stop().finally(() => log.flush()) };
}

/** Services of ours; those of others come from their addresses in the environment. */
function routeTo(peer: Peer, { env, ports, reach, health }: RunContext): Route[] {
  const { name, title, contract, paths, domain, front, engine } = peer;
  if (front || paths.length === 0 || engine.kind !== 'peakstone') return [];
  const named = domain === undefined ? undefined : env[domain];
  return [
    {
      name,
      title,
      contract,
      paths,
      host: named === undefined || isExampleHost(named) ? undefined : named,
      stripPrefix: true,
      target: reach(name),
      public: true,
      address: httpUrl('127.0.0.1', ports[name]),
      health: () => health(name),
    },
  ];
}

/** What no path leads to and all the others need. Not with its contract: a database here need not have the deployed one's extensions. */
function listed({ peers, ports, health }: RunContext): Listed[] {
  return peers
    .filter(({ essential }) => essential)
    .map(({ name, title, scheme }) => ({
      name,
      title,
      health: () => health(name),
      ...(ports[name] === undefined ? {} : { address: `${scheme}://127.0.0.1:${ports[name]}` }),
    }));
}
