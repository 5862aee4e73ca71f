/** The gateway as a handler: a pipeline for each route, prepared once, and a choice among them for each request. */
import {
  bodyLimit,
  compose,
  cors,
  type Handler,
  type HttpRequest,
  type HttpResponse,
  identified,
  type Middleware,
  mapResponse,
  observe,
  recover,
  requestId,
  responseHeader,
  type UpgradeListener,
  withHeaders,
  withRequest,
} from '@peakstone/kernel/http';
import { compress } from '@peakstone/kernel/http/compress';
import {
  type ForwardOptions,
  fieldsWithOrigin,
  proxyTo,
  type ReverseProxy,
  refuseUpgrade,
  tunnelTo,
} from '@peakstone/kernel/http/proxy';
import type { Logger } from '@peakstone/kernel/log';
import { createMetrics, METRICS_CONTENT_TYPE, type Metrics } from '@peakstone/kernel/metrics';
import { createAdminCheck, type Standing } from './adminCheck.ts';
import { foreignHost, healthResponse, indexResponse, notFound, unavailable, unsafePath } from './answers.ts';
import { withBearer } from './apiKey.ts';
import type { GatewayConfig } from './config.ts';
import { createHealthCheck, type ServiceHealth } from './health.ts';
import { pageResponse } from './page/page.ts';
import { withPrefix } from './prefix.ts';
import { createRecorder } from './recorder.ts';
import { compileRoutes, type Listed, type Match, type Route } from './routes.ts';
import { ALIVE_PATH } from './selfCheck.ts';

export interface GatewayDeps {
  readonly routes: readonly Route[];
  /** Services that are shown and watched, but not routed: the database. */
  readonly listed?: readonly Listed[];
  readonly log?: Logger;
  /** How the product's command is called where the stack was started, for the start page to show. */
  readonly command?: string | undefined;
  /** Registry that the gateway's metrics join; an own one when absent. */
  readonly metrics?: Metrics;
}

/** The gateway without a listener. */
export interface Gateway {
  readonly handler: Handler;
  readonly onUpgrade: UpgradeListener;
  readonly metrics: Metrics;
  /** How every service is, at most a second old. */
  look(): Promise<readonly ServiceHealth[]>;
  /** Lets go of connections to upstreams. */
  close(): void;
}

/** Where Prometheus reads, from the admin networks only. */
const METRICS_PATH = '/-/metrics';

const EXPOSED_HEADERS = [
  'X-Request-Id',
  'Content-Range',
  'Content-Location',
  'Location',
  'ETag',
  'Retry-After',
];

/** @throws {RangeError} on routes, origins or networks that can't be used. */
export function createGateway(config: GatewayConfig, deps: GatewayDeps): Gateway {
  const { routes, log } = deps;
  const metrics = deps.metrics ?? createMetrics();
  const services = [...(deps.listed ?? []), ...routes];
  const find = compileRoutes(routes);
  const look = createHealthCheck(services);
  const standing = createAdminCheck(config.adminNetworks, [
    ...config.adminHosts,
    ...routes.flatMap(({ host }) => host || []),
  ]);
  const recorder = createRecorder(
    [...routes.map(route => route.name), 'gateway'],
    log,
    metrics,
    config.accessLog,
  );
  const proxies: ReverseProxy[] = [];
  const onError = (error: unknown, request: HttpRequest) => {
    log?.error('request failed', { error, path: request.path, request: request.headers['x-request-id'] });
  };
  const shared = cors({ origins: config.corsOrigins, exposedHeaders: EXPOSED_HEADERS });

  const smaller = config.compression ? [compress()] : [];
  const apart = routes.some(({ trusted }) => trusted) ? [sandboxed] : [];

  function pipeline(name: string, handler: Handler, compressing: readonly Middleware[] = smaller): Handler {
    return compose(
      [observe(recorder(name)), shared, ...apart, noSniff, recover(onError), ...compressing],
      handler,
    );
  }

  /** What is about the stack itself is for no other origin's scripts. */
  function ownPipeline(handler: Handler, name = 'gateway'): Handler {
    return compose([observe(recorder(name)), sameOrigin, noSniff, recover(onError), ...smaller], handler);
  }

  const handlers = new Map<Route, Handler>();
  for (const route of routes) {
    if (!route.public) continue;
    const handler = targetHandler(route, config, proxies);
    const options = forwarding(route, config);
    const limit = bodyLimit(route.maxBodyBytes ?? config.maxBodyBytes);
    // The log shows the path as the client sent it, so the service's own view is made innermost.
    const toService: Handler = request => {
      const match = find(request.headers.host, request.path, request.query);
      if (typeof match !== 'object') return handler(request);
      const result = handler(forService(request, match, options));
      return match.prefix === '' ? result : mapResponse(result, answer => withPrefix(answer, match.prefix));
    };
    handlers.set(
      route,
      route.trusted
        ? ownPipeline(limit(toService), route.name)
        : pipeline(route.name, limit(toService), route.compress === false ? [] : smaller),
    );
  }
  const pages = ownPages({ routes, look, standing, metrics, command: deps.command });
  const own = new Map(Object.entries(pages).map(([path, page]) => [path, ownPipeline(readOnly(page))]));
  // Asked by the gateway itself, every few seconds for as long as it runs: neither logged nor counted.
  own.set(ALIVE_PATH, () => ({ status: 204, headers: ['Cache-Control', 'no-store'], body: null }));
  const unsafe = pipeline('gateway', unsafePath);
  const nowhere = pipeline('gateway', () => notFound(routes));

  return {
    handler: requestId()(request => {
      const match = find(request.headers.host, request.path, request.query);
      if (match === 'unsafe') return unsafe(request);
      if (match === undefined) return (own.get(request.path) ?? nowhere)(request);
      return handlers.get(match.route)!(request);
    }),
    onUpgrade(handshake, socket, head) {
      const { request, id } = identified(handshake);
      const match = find(request.headers.host, request.path, request.query);
      if (match === 'unsafe') return refuseUpgrade(socket, 400, 'Bad Request', 'The path holds dot segments');
      if (match === undefined)
        return refuseUpgrade(socket, 404, 'Not Found', 'There is nothing at this path');
      const { route } = match;
      log?.info('upgrade', {
        route: route.name,
        method: request.method,
        path: request.path,
        client: request.remoteAddress,
        request: id,
      });
      const options = forwarding(route, config);
      const inner = forService(request, match, options);
      // Handlers take requests alone; their services' own ports take the rest.
      const url = typeof route.target === 'string' ? route.target : route.address;
      const here = typeof route.target === 'object' ? route.target.upgrade?.() : route.onUpgrade;
      if (here) here(inner, socket, head);
      else if (url !== undefined) tunnelTo(url, inner, socket, head, options);
      else refuseUpgrade(socket, 501, 'Not Implemented', `${route.title ?? route.name} takes no WebSockets`);
    },
    metrics,
    look,
    close() {
      for (const proxy of proxies) proxy.close();
    },
  };
}

/**
 * The request as the service sees it: without its prefix, with the API key as its token, and from where it really comes,
 * wherever the service runs.
 */
function forService(request: HttpRequest, { target, prefix }: Match, options: ForwardOptions): HttpRequest {
  const fields = fieldsWithOrigin(
    { headers: withBearer(request.headers), remoteAddress: request.remoteAddress },
    options,
  );
  if (prefix !== '') fields['x-forwarded-prefix'] = prefix;
  else if (!options.keepForwarded) delete fields['x-forwarded-prefix'];
  return withRequest(request, { target, headers: fields });
}

function forwarding(route: Route, config: GatewayConfig): ForwardOptions {
  return { keepHost: route.keepHost ?? false, keepForwarded: config.trustedProxies.length > 0 };
}

function targetHandler(route: Route, config: GatewayConfig, proxies: ReverseProxy[]): Handler {
  const { target } = route;
  if (typeof target === 'function') return target;
  if (typeof target === 'object') {
    return request => {
      const handler = target.current();
      if (handler) return handler(request);
      const expected = target.expected?.();
      return expected
        ? expected.then(back => (back ?? (() => unavailable(route)))(request))
        : unavailable(route);
    };
  }
  const proxy = proxyTo(target, { ...forwarding(route, config), unreachable: () => unavailable(route) });
  proxies.push(proxy);
  return proxy.handler;
}

interface OwnParts {
  readonly routes: readonly Route[];
  readonly look: () => Promise<readonly ServiceHealth[]>;
  readonly standing: (request: HttpRequest) => Standing;
  readonly metrics: Metrics;
  readonly command: string | undefined;
}

/** The gateway's own paths. */
function ownPages({ routes, look, standing, metrics, command }: OwnParts): Readonly<Record<string, Handler>> {
  const isAdmin = (request: HttpRequest) => standing(request) === 'admin';
  return {
    '/': async request => {
      const wantsPage = request.headers.accept?.includes('text/html') ?? false;
      const services = await look();
      const addresses = isAdmin(request);
      return wantsPage
        ? pageResponse(services, routes, { origin: originOf(request), addresses, command })
        : indexResponse(services, routes, addresses);
    },
    '/healthz': async request => healthResponse(await look(), isAdmin(request)),
    '/favicon.ico': () => ({ status: 204, headers: ['Cache-Control', 'max-age=86400'], body: null }),
    [METRICS_PATH](request) {
      switch (standing(request)) {
        case 'admin':
          return { status: 200, headers: ['Content-Type', METRICS_CONTENT_TYPE], body: metrics.expose() };
        case 'foreign host':
          return foreignHost();
        case 'stranger':
          return notFound(routes);
      }
    },
  };
}

function readOnly(page: Handler): Handler {
  return request =>
    request.method === 'GET' || request.method === 'HEAD'
      ? page(request)
      : { status: 405, headers: ['Allow', 'GET, HEAD'], body: null };
}

/** Where the client reached us, for a page to show it; a proxy before us says whether that was over TLS. */
function originOf({ headers }: HttpRequest): string {
  const scheme = headers['x-forwarded-proto'] === 'https' ? 'https' : 'http';
  const host = headers.host ?? '';
  // It stands in a command to be copied, so nothing that a shell would act on gets there.
  return `${scheme}://${/^[A-Za-z0-9._:[\]-]+$/.test(host) ? host : 'localhost'}`;
}

/** No page of another origin may read this, nor take it in as an image or a script. */
function sameOrigin(inner: Handler): Handler {
  return request =>
    mapResponse(inner(request), response =>
      withHeaders(response, ['Cross-Origin-Resource-Policy', 'same-origin']),
    );
}

/**
 * What others have stored or made here must not act on the origin of pages that do so with their readers' rights: as a page it
 * has an origin of its own. JSON and most pictures are never one.
 * @see https://www.w3.org/TR/CSP3/#directive-sandbox
 */
function sandboxed(inner: Handler): Handler {
  return request => mapResponse(inner(request), addSandbox);
}

const NEVER_A_PAGE =
  /^(?:application\/json|application\/octet-stream|text\/csv|image\/(?!svg)|audio\/|video\/|font\/)/i;

function addSandbox(response: HttpResponse): HttpResponse {
  const type = responseHeader(response, 'content-type');
  return type === undefined || NEVER_A_PAGE.test(type)
    ? response
    : withHeaders(response, ['Content-Security-Policy', 'sandbox']);
}

/** Browsers must not take data for a script or a page because it looks like one. */
function noSniff(inner: Handler): Handler {
  return request => mapResponse(inner(request), addNoSniff);
}

function addNoSniff(response: HttpResponse): HttpResponse {
  return responseHeader(response, 'x-content-type-options') === undefined
    ? withHeaders(response, ['X-Content-Type-Options', 'nosniff'])
    : response;
}
