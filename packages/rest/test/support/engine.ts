import { type Catalog, loadCatalog } from '@peakstone/kernel/catalog';
import type { Handler, HttpBody, HttpRequest } from '@peakstone/kernel/http';
import { createPool, type Pool } from '@peakstone/kernel/pg';
import { createAuthenticate } from '../../src/authenticate.ts';
import { defaultConfig, type RestConfig } from '../../src/config/types.ts';
import { createRestHandler } from '../../src/edge.ts';
import type { RestEvent } from '../../src/events.ts';

/** The engine in process, on a real database, without a listener. */
export interface TestEngine {
  readonly handler: Handler;
  readonly catalog: Catalog;
  readonly pool: Pool;
  /** What the service would log. */
  readonly events: readonly RestEvent[];
  close(): Promise<void>;
}

export async function startEngine(url: string, settings: Partial<RestConfig>): Promise<TestEngine> {
  const config: RestConfig = { ...defaultConfig, ...settings };
  const pool = createPool({ url, size: 6, isolated: true });
  const load = (): Promise<Catalog> =>
    loadCatalog(pool, { schemas: config.dbSchemas, extraSearchPath: config.dbExtraSearchPath });
  const catalog = await load();
  const authenticate = createAuthenticate(config);
  const events: RestEvent[] = [];
  const context = {
    config,
    catalog,
    pool,
    authenticate,
    retryAfterSeconds: 0,
    async renewCatalog(used: Catalog, isBehind: () => Promise<boolean>): Promise<Catalog | null> {
      if (context.catalog === used && (await isBehind())) context.catalog = await load();
      return context.catalog === used ? null : context.catalog;
    },
    emit: (event: RestEvent) => void events.push(event),
  };
  return { handler: createRestHandler(() => context), catalog, pool, events, close: () => pool.close() };
}

export interface TestRequest {
  readonly method?: string;
  readonly target: string;
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A request as the HTTP edge would hand it on. */
export function httpRequest({ method = 'GET', target, headers = {}, body = '' }: TestRequest): HttpRequest {
  const mark = target.indexOf('?');
  const bytes = Buffer.from(body);
  return {
    method,
    target,
    path: mark < 0 ? target : target.slice(0, mark),
    query: mark < 0 ? '' : target.slice(mark + 1),
    headers: { host: 'test', ...headers },
    remoteAddress: '127.0.0.1',
    body: () => Promise.resolve(bytes),
    hold() {},
    async *stream() {
      yield bytes;
    },
    onAborted() {},
  };
}

/** A response body as text. */
export async function readText(body: HttpBody): Promise<string> {
  if (body === null) return '';
  if (typeof body === 'string') return body;
  if (body instanceof Uint8Array) return Buffer.from(body).toString();
  const parts: Uint8Array[] = [];
  for await (const part of body as Iterable<Uint8Array> | AsyncIterable<Uint8Array>) parts.push(part);
  return Buffer.concat(parts).toString();
}
