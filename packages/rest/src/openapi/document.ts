/** The root document: which version, and for which server. */
import type { Catalog } from '@peakstone/kernel/catalog';
import { isEveryInterface } from '../config/hosts.ts';
import { parseProxyUri } from '../config/proxyUri.ts';
import type { RestConfig } from '../config/types.ts';
import type { OpenApiVersion } from '../parse/openApiVersion.ts';
import { prettyVersion, referenceVersion } from '../version.ts';
import type { DocumentContext } from './describe.ts';
import { buildOpenApi31 } from './openApi31.ts';
import { buildSwagger } from './swagger.ts';
import type { VisibleSchema } from './visible.ts';

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
      host: isEveryInterface(config.serverHost) ? '0.0.0.0' : config.serverHost,
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
