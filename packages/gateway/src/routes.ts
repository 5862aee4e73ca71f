import type { Handler, UpgradeListener } from '@peakstone/kernel/http';
import type { Health } from '@peakstone/kernel/service';
import { hostName } from './hostName.ts';

/** What stands behind a route: a handler in this process, one that comes and goes, or a server's URL. */
export type Target = Handler | ComingAndGoing | string;

/** A handler in this process that restarts by itself. */
interface ComingAndGoing {
  /** Null while it is away. */
  current(): Handler | null;
  /** Settles when it is back, or with null when it isn't in time; null when it isn't expected. Requests wait for it. */
  expected?(): Promise<Handler | null> | null;
  /** Takes WebSocket handshakes without a connection between; null where it takes none so. */
  upgrade?(): UpgradeListener | null;
}

/** A service as the start page and `/healthz` show it. */
export interface Listed {
  /** Short name, as on the command line: `rest`. */
  readonly name: string;
  /** For people: `REST API`. Default the name. */
  readonly title?: string;
  /** The contract it speaks: `PostgREST`. */
  readonly contract?: string;
  /** Where it is reached besides the gateway, if anywhere: a URL without credentials. */
  readonly address?: string;
  /** Without it a service in this process counts as healthy, and a URL is asked for any answer. */
  readonly health?: () => Promise<Health>;
  /** No request needs it: that it is ill is shown, and takes the stack off no balancer. */
  readonly aside?: true;
}

/** Where requests go: data, given by whoever starts the gateway. */
export interface Route extends Listed {
  /** Prefixes such as `/rest/v1`; they match whole segments, the longest first. */
  readonly paths: readonly string[];
  /** Host at whose root the service is served, such as `api.example.com`. */
  readonly host?: string | undefined;
  /** Whether a prefix is taken off before the service sees the path; never for `host`. */
  readonly stripPrefix: boolean;
  readonly target: Target;
  /** False keeps it off every path and host: it is only listed. */
  readonly public: boolean;
  /** Largest request body, in place of the gateway's own limit; `Infinity` for uploads. */
  readonly maxBodyBytes?: number;
  /** False sends every answer as the service gives it: stored objects, whose bytes and digests are the client's. Default true. */
  readonly compress?: boolean;
  /** Hand the client's Host to a URL target, since signatures cover it (S3). Default false. */
  readonly keepHost?: boolean;
  /** The start page shows a first request to it. Default false. */
  readonly firstRequest?: boolean;
  /** Its pages act with its readers' rights: it gets no CORS, and every other route's pages are kept from its origin. Default false. */
  readonly trusted?: boolean;
  /** Takes WebSocket handshakes of a service in this process; URL targets, and who has an address, get them tunnelled. */
  readonly onUpgrade?: UpgradeListener;
}

/** A route that a request belongs to, and the target it sees. */
export interface Match {
  readonly route: Route;
  /** Path and query for the service. */
  readonly target: string;
  /** The prefix that was taken off, or empty. */
  readonly prefix: string;
}

export type FindRoute = (
  host: string | undefined,
  path: string,
  query: string,
) => Match | 'unsafe' | undefined;

/** The route under which a listed service can be asked, if there is one. */
export function publicRoute(routes: readonly Route[], { name }: Listed): Route | undefined {
  return routes.find(route => route.public && route.name === name);
}

const PREFIX = /^\/[A-Za-z0-9._~/-]*[A-Za-z0-9._~-]$/;

/**
 * Prepares routing. Hosts win over paths, longer prefixes over shorter ones.
 * @throws {RangeError} naming a prefix that can't be matched, or a prefix or host given twice.
 */
export function compileRoutes(routes: readonly Route[]): FindRoute {
  const hosts = new Map<string, Route>();
  const prefixes = new Map<string, Route>();
  for (const route of routes) {
    if (!route.public) continue;
    if (route.host !== undefined && route.host !== '') add(hosts, hostName(route.host), route);
    for (const path of route.paths) {
      if (!PREFIX.test(path))
        throw new RangeError(`Route ${route.name}: '${path}' is not a path such as /rest/v1`);
      add(prefixes, path, route);
    }
  }
  const byLength = [...prefixes].sort(([a], [b]) => b.length - a.length);

  return (host, path, query) => {
    const onHost = host === undefined || hosts.size === 0 ? undefined : hosts.get(hostName(host));
    if (onHost !== undefined) return { route: onHost, target: withQuery(path, query), prefix: '' };
    for (const [prefix, route] of byLength) {
      if (!path.startsWith(prefix)) continue;
      if (path.length > prefix.length && path.charCodeAt(prefix.length) !== 0x2f) continue;
      if (leavesPrefix(path)) return 'unsafe';
      if (!route.stripPrefix) return { route, target: withQuery(path, query), prefix: '' };
      return { route, target: withQuery(path.slice(prefix.length) || '/', query), prefix };
    }
    return undefined;
  };
}

function add(routes: Map<string, Route>, key: string, route: Route): void {
  const other = routes.get(key);
  if (other !== undefined) throw new RangeError(`'${key}' is routed to ${other.name} and to ${route.name}`);
  routes.set(key, route);
}

function withQuery(path: string, query: string): string {
  return query === '' ? path : `${path}?${query}`;
}

/**
 * Whether a path could mean another one to a service that decodes it: dot segments, however spelt.
 * An encoded slash alone is fine (object names hold them) and travels as it is.
 */
export function leavesPrefix(path: string): boolean {
  if (!path.includes('.') && !/%2e/i.test(path)) return false;
  return path
    .replace(/%2e/gi, '.')
    .replace(/%2f|%5c|\\/gi, '/')
    .split('/')
    .some(segment => segment === '.' || segment === '..');
}
