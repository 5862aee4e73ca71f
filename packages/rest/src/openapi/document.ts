/** The root document: which version, and for which server. */
import type { Catalog } from '@peakstone/kernel/catalog';
import type { Result } from '@peakstone/kernel/pg';
import { isEveryInterface } from '../config/hosts.ts';
import { parseProxyUri } from '../config/proxyUri.ts';
import type { RestConfig } from '../config/types.ts';
import type { OpenApiVersion } from '../parse/openApiVersion.ts';
import { prettyVersion, referenceVersion } from '../version.ts';
import type { DocumentContext } from './describe.ts';
import { writeMembers } from './members.ts';
import { buildOpenApi31 } from './openApi31.ts';
import { buildSwagger } from './swagger.ts';
import { readVisible } from './visible.ts';

/** The document's JSON text, from the results of `openApiStatements`. Pure; yields between pieces of work. */
export function* renderOpenApi(
  results: readonly Result[],
  schema: string,
  catalog: Catalog,
  config: RestConfig,
  version: OpenApiVersion,
): Generator<void, readonly Buffer[]> {
  const visible = yield* readVisible(results, schema, config.openapiMode, catalog);
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
  return yield* writeMembers(version === '3.1' ? buildOpenApi31(context) : buildSwagger(context));
}
