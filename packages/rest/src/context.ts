/** What a request is answered with: the live parts, read anew for every request as each can be replaced by a reload. */
import type { Catalog } from '@peakstone/kernel/catalog';
import type { HttpRequest, HttpResponse } from '@peakstone/kernel/http';
import type { Pool } from '@peakstone/kernel/pg';
import type { Identity } from '@peakstone/kernel/request';
import type { Authenticate } from './authenticate.ts';
import type { RestConfig } from './config/types.ts';
import type { Emit } from './events.ts';

export interface RestContext {
  readonly config: RestConfig;
  /** Null until the first load succeeds; then the last good one. */
  readonly catalog: Catalog | null;
  readonly pool: Pool;
  readonly authenticate: Authenticate;
  /** Seconds until the next attempt to load the catalog, for Retry-After. */
  readonly retryAfterSeconds: number;
  readonly emit: Emit;
  /** The catalog of now when it is another than `used`, or the schema is: then it is loaded first. Null when neither is. */
  readonly renewCatalog: (used: Catalog, isBehind: () => Promise<boolean>) => Promise<Catalog | null>;
}

/** One authenticated request, with the parts it will use to its end even when they are replaced meanwhile. */
export interface RestCall {
  readonly request: HttpRequest;
  readonly identity: Identity;
  readonly config: RestConfig;
  readonly catalog: Catalog;
  readonly pool: Pool;
  readonly emit: Emit;
  readonly renewCatalog: RestContext['renewCatalog'];
  /** The URL's own query, where the request's is more than that: the method QUERY. */
  readonly urlQuery?: string;
  /** Time spent on authentication, for Server-Timing; null unless `server-timing-enabled`. */
  readonly jwtMs: number | null;
}

/**
 * The engine between the edges: parse, plan, run, respond. What it throws, the edge renders (see edge.ts), which also adds
 * CORS, trace and Retry-After headers and the access log.
 */
export type RestEngine = (call: RestCall) => Promise<HttpResponse>;
