/** The root document: which version, and for which server. */
import type { Catalog } from '@peakstone/kernel/catalog';
import { type ProxyUri, parseProxyUri } from '../config/proxyUri.ts';
import type { RestConfig } from '../config/types.ts';
import { prettyVersion, referenceVersion } from '../version.ts';
import { buildOpenApi31 } from './openApi31.ts';
import { buildSwagger } from './swagger.ts';
import type { VisibleSchema } from './visible.ts';

export type OpenApiVersion = '2.0' | '3.1';

export interface DocumentContext {
  readonly visible: VisibleSchema;
  readonly catalog: Catalog;
  readonly server: ProxyUri;
  readonly securityActive: boolean;
  readonly info: { readonly version: string; readonly docsUrl: string };
}

/** Addresses that stand for every interface have no name of their own. */
const anyHosts = new Set(['*', '*4', '!4', '*6', '!6']);

/** The document's JSON text. Pure. */
export function renderOpenApi(
  visible: VisibleSchema,
  catalog: Catalog,
  config: RestConfig,
  version: OpenApiVersion,
): string {
  const proxy = config.openapiServerProxyUri === null ? null : parseProxyUri(config.openapiServerProxyUri);
  const context: DocumentContext = {
    visible,
    catalog,
    server: proxy ?? {
      scheme: 'http',
      host: anyHosts.has(config.serverHost) ? '0.0.0.0' : config.serverHost,
      port: config.serverPort,
      path: '/',
    },
    securityActive: config.openapiSecurityActive,
    info: {
      version: prettyVersion,
      docsUrl: `https://postgrest.org/en/v${referenceVersion.split('.')[0]}/references/api.html`,
    },
  };
  return JSON.stringify(version === '3.1' ? buildOpenApi31(context) : buildSwagger(context));
}

const versionParameter = /(?:^|&)openapi=(?:2\.0|3\.1)(?=&|$)/;

/** The root's query without `openapi=`, which would be taken for a filter. Pure. */
export const withoutVersion = (query: string): string =>
  query.replace(versionParameter, '').replace(/^&/, '');

/**
 * The version a request asks for: `?openapi=3.1` or `Accept: application/openapi+json;version=3.1`; 2.0, which the
 * reference's clients expect, unless asked. Pure.
 */
export function requestedVersion(accept: string | undefined, query: string): OpenApiVersion {
  const asked =
    /(?:^|&)openapi=3\.1(?:&|$)/.test(query) ||
    /application\/openapi\+json\s*;\s*version\s*=\s*"?3\.1/i.test(accept ?? '');
  return asked ? '3.1' : '2.0';
}
