/** The responses that are the gateway's own. Pure. */
import { type HttpResponse, jsonResponse } from '@peakstone/kernel/http';
import type { ServiceHealth } from './health.ts';
import { publicRoute, type Route } from './routes.ts';

/** Time after which asking again makes sense: a restarted service is back within about that. */
const RETRY_AFTER_SECONDS = 2;

export function unavailable(route: Route): HttpResponse {
  return jsonResponse(
    503,
    {
      message: `${route.title ?? route.name} is not available at the moment`,
      hint: `Try again in ${RETRY_AFTER_SECONDS} seconds; /healthz tells how the services are.`,
    },
    ['Retry-After', String(RETRY_AFTER_SECONDS)],
  );
}

export function notFound(routes: readonly Route[]): HttpResponse {
  const paths = routes.filter(route => route.public).flatMap(route => route.paths);
  return jsonResponse(404, {
    message: 'There is nothing at this path',
    hint: paths.length > 0 ? `Services are at ${paths.join(', ')}.` : 'No service is routed.',
  });
}

export function unsafePath(): HttpResponse {
  return jsonResponse(400, {
    message: 'The path holds "." or ".." segments',
    hint: 'Send the path that you mean, without dot segments, encoded or not.',
  });
}

/** A page elsewhere may have given its name this machine's address: it gets nothing, and those who run the stack a way. */
export function foreignHost(): HttpResponse {
  return jsonResponse(421, {
    message: 'This is not answered under the name by which it was asked',
    hint: 'Ask by localhost or an address, or name the host in GATEWAY_ADMIN_HOSTS.',
  });
}

/** `reasons` only for those who run the stack: they tell of what is behind. */
export function healthResponse(services: readonly ServiceHealth[], reasons: boolean): HttpResponse {
  const ok = services.every(({ service, health }) => health.ok || service.aside === true);
  const entries = services.map(({ service, health }) => [
    service.name,
    { ok: health.ok, ...(!health.ok && reasons && { reason: health.reason }) },
  ]);
  return jsonResponse(
    ok ? 200 : 503,
    { status: ok ? 'ok' : 'unavailable', services: Object.fromEntries(entries) },
    ['Cache-Control', 'no-store', ...(ok ? [] : ['Retry-After', String(RETRY_AFTER_SECONDS)])],
  );
}

/** What the start page shows, for programs. `addresses` besides the gateway only for those who run the stack. */
export function indexResponse(
  services: readonly ServiceHealth[],
  routes: readonly Route[],
  addresses: boolean,
): HttpResponse {
  return jsonResponse(
    200,
    {
      name: 'PeakStone',
      health: '/healthz',
      services: services.map(({ service, health }) => {
        const route = publicRoute(routes, service);
        return {
          name: service.name,
          title: service.title ?? service.name,
          contract: service.contract ?? null,
          healthy: health.ok,
          paths: route?.paths ?? [],
          host: route?.host || null,
          address: (addresses && service.address) || null,
        };
      }),
    },
    ['Cache-Control', 'no-store', 'Vary', 'Accept'],
  );
}
