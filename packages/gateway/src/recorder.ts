import { healthAgent } from '@peakstone/kernel/health';
import { accessLog, type HttpRequest, type ResponseListener } from '@peakstone/kernel/http';
import type { Logger } from '@peakstone/kernel/log';
import type { Metrics } from '@peakstone/kernel/metrics';
import { createAdminCheck } from './adminCheck.ts';
import type { GatewayConfig } from './config.ts';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
const CLASSES = ['2xx', '3xx', '4xx', '5xx'];

const isLocal = createAdminCheck(['loopback']);

/** A container's comes every few seconds. From this machine only: nobody else gets out of the log by the name that he gives himself. */
function isHealthCheck(request: HttpRequest): boolean {
  return request.headers['user-agent'] === healthAgent && isLocal(request) === 'admin';
}

/** Makes, for a route's name, who counts its responses and writes the access log, in which health checks would drown the rest. */
export function createRecorder(
  names: readonly string[],
  log: Logger | undefined,
  metrics: Metrics,
  mode: GatewayConfig['accessLog'],
): (route: string) => ResponseListener {
  const requests = metrics.counter({
    name: 'peakstone_gateway_requests_total',
    help: 'Requests answered.',
    labels: { route: names, method: METHODS, status: CLASSES },
  });
  const seconds = metrics.histogram({
    name: 'peakstone_gateway_request_seconds',
    help: 'Time until the response was ready to be sent.',
    labels: { route: names },
  });
  return route => {
    const write = log === undefined || mode === 'off' ? undefined : accessLog(log.child({ route }));
    return (request, response, durationMs) => {
      requests.add({ route, method: request.method, status: `${Math.floor(response.status / 100)}xx` });
      seconds.observe({ route }, durationMs / 1000);
      if (write === undefined || isHealthCheck(request)) return;
      if (mode === 'all' || response.status >= 500) write(request, response, durationMs);
    };
  };
}
