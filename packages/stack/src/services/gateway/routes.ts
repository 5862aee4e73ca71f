import type { Route, Target } from '@peakstone/gateway';
import type { ServiceDefinition } from '../../definition.ts';
import { isExampleHost } from '../../exampleHost.ts';
import type { EnvValues } from '../../project/envFile.ts';

/** What the row of a service says of its way through the gateway. */
export type Routed = Pick<ServiceDefinition, 'name' | 'title' | 'contract' | 'paths'> & {
  readonly route: NonNullable<ServiceDefinition['route']>;
  readonly domain?: string | undefined;
};

/** The route to a service, wherever it runs. An example's host is nobody's. Pure. */
export function routeTo(service: Routed, target: Target, env: EnvValues): Route {
  const { name, title, contract, paths, domain } = service;
  const { unlimitedBody, ...traits } = service.route;
  const host = domain === undefined ? undefined : env[domain];
  return {
    name,
    title,
    contract,
    paths,
    host: host === undefined || isExampleHost(host) ? undefined : host,
    target,
    public: true,
    ...traits,
    ...(unlimitedBody ? { maxBodyBytes: Number.POSITIVE_INFINITY } : {}),
  };
}
