/** What the gateway's container runs. */
import { gateway, type Route } from '@peakstone/gateway';
import { introduce } from '@peakstone/kernel/alone';
import { createLogger } from '@peakstone/kernel/log';
import type { Env, Running } from '@peakstone/kernel/service';
import { StackError } from '../../project/errors.ts';
import { upstreamUrl } from '../../project/urls.ts';
import { services } from '../index.ts';
import { routeTo } from './routes.ts';

/**
 * Starts the gateway from its environment alone. Effect: listens; logs to standard error.
 * @throws {ConfigError} naming the variable
 */
export async function runGateway(env: Env, signal: AbortSignal): Promise<Running> {
  const log = createLogger({ fields: { service: 'gateway' } });
  const config = gateway.config(env);
  const routes = readRoutes(env);
  const running = await gateway.start(config, { routes, log }, signal).catch(error => {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new StackError('portTaken', `Port ${config.port} of ${config.host} is in use by another process.`, {
      hint: 'Stop what listens there, or set GATEWAY_PORT.',
      cause: error,
    });
  });
  const names = routes.map(({ name }) => name).join(', ');
  const text = introduce({
    what: `The gateway, in front of ${names || 'nothing yet (PEAKSTONE_UPSTREAM_REST=http://… names a service)'},`,
    url: running.url,
    host: config.host,
    loopbackSetting: 'GATEWAY_HOST=127.0.0.1',
  });
  log.info(text, { url: running.url });
  return running;
}

/**
 * Routes to the services of the table whose addresses `PEAKSTONE_UPSTREAM_NAME` gives. Pure.
 * @throws {ConfigError} one is no URL
 */
export function readRoutes(env: Env): readonly Route[] {
  return services.flatMap(({ route, ...service }) => {
    const url = route === undefined ? null : upstreamUrl(env, service);
    return route === undefined || url === null ? [] : [routeTo({ ...service, route }, url, env)];
  });
}
