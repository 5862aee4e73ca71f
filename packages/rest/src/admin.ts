/**
 * The admin server: health, metrics, catalog and configuration, on a port of its own.
 * @see https://docs.postgrest.org/en/stable/references/admin_server.html
 */
import type { Catalog } from '@peakstone/kernel/catalog';
import type { Handler, HttpBody, HttpResponse } from '@peakstone/kernel/http';
import { streamCatalog } from './admin/dumpCatalog.ts';
import { dumpConfig } from './config/dump.ts';
import type { RestConfig } from './config/types.ts';

export interface AdminContext {
  readonly config: () => RestConfig;
  readonly catalog: () => Catalog | null;
  readonly metrics: () => string;
  /** Whether the main server still takes requests. */
  readonly isLive: () => boolean;
  /** Whether the catalog is up to date and the database connected. */
  readonly isLoaded: () => Promise<boolean>;
}

const text = 'text/plain; charset=utf-8';
const json = 'application/json; charset=utf-8';

export function createAdmin(context: AdminContext): Handler {
  return async request => {
    switch (request.path) {
      case '/live':
        return reply(context.isLive() ? 200 : 500);
      case '/ready': {
        const isLoaded = await context.isLoaded();
        return reply(!isLoaded ? 503 : context.isLive() ? 200 : 500);
      }
      case '/metrics':
        return reply(200, context.metrics(), text);
      case '/schema_cache': {
        const catalog = context.catalog();
        return catalog ? reply(200, streamCatalog(catalog), json) : reply(200);
      }
      case '/config':
        return reply(200, dumpConfig(withoutSecrets(context.config())), text);
      default:
        return reply(404);
    }
  };
}

const reply = (status: number, body: HttpBody = null, contentType?: string): HttpResponse => ({
  status,
  headers: contentType === undefined ? [] : ['Content-Type', contentType],
  body,
});

const masked = '********';

/** Who may look at a server's settings need not know its keys. */
const withoutSecrets = (config: RestConfig): RestConfig => ({
  ...config,
  appSettings: new Map([...config.appSettings].map(([name]) => [name, masked])),
  dbUri: maskPassword(config.dbUri),
  jwtSecret: config.jwtSecret && Buffer.from(masked),
  jwtSecretIsBase64: false,
});

const maskPassword = (uri: string): string =>
  uri
    .replace(/^(\w+:\/\/[^:/?#]*):.*@/, `$1:${masked}@`)
    .replace(/(\bpassword\s*=\s*)(?:'(?:[^'\\]|\\.)*'|[^\s&]+)/gi, `$1${masked}`);
