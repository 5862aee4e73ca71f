/** The root document, made from what the request's role may see. */
import type { HttpResponse } from '@peakstone/kernel/http';
import { encodeHeader } from '@peakstone/kernel/http';
import type { RestCall } from '../context.ts';
import { requestErrors } from '../errors.ts';
import { type Documents, type DocumentText, sizeOf } from '../openapi/documents.ts';
import { openApiStatements } from '../openapi/visible.ts';
import { type MediaType, renderContentType, renderMime } from '../parse/media.ts';
import { requestedVersion } from '../parse/openApiVersion.ts';
import type { ApiRequest } from '../parse/request.ts';
import { runExchange, withQueryLog } from '../transaction/exchange.ts';
import { requestFacts } from '../transaction/settings.ts';
import { planTransaction } from '../transaction.ts';
import type { ServerTiming } from './serverTiming.ts';

/** @throws {RestError} PGRST107 when something else than a document is wanted. */
export async function inspect(
  headersOnly: boolean,
  api: ApiRequest,
  call: RestCall,
  timing: ServerTiming,
  documents: Documents,
): Promise<HttpResponse> {
  const { request, identity, config, catalog } = call;
  assertInspectable(api);
  timing.lap('plan');
  const statements = openApiStatements(api.schema, config.openapiMode);
  const transaction = planTransaction(
    { main: statements, writes: false, routine: null, check: null, isShort: false },
    identity,
    requestFacts(api, request),
    config,
  );
  return withQueryLog(transaction.exchange, call, async () => {
    const results = await runExchange(transaction.exchange, false, call);
    timing.lap('transaction');
    const version = requestedVersion(request.headers.accept, request.query);
    const document = headersOnly
      ? null
      : await documents.find(results.slice(transaction.mainIndex), api.schema, catalog, config, version);
    const headers = ['Content-Type', renderContentType({ kind: 'openapi' })];
    if (document) headers.push('Content-Length', String(sizeOf(document)));
    if (api.negotiatedByProfile) headers.push('Content-Profile', encodeHeader(api.schema));
    return { status: 200, headers, body: document && streamed(document) };
  });
}

/** Pieces go out as the client reads them: a large document waits for slow readers once, not once for each. */
async function* streamed(document: DocumentText): AsyncGenerator<Uint8Array, undefined> {
  yield* document;
  return undefined;
}

const INSPECTED: ReadonlySet<MediaType['kind']> = new Set(['openapi', 'json', 'any']);

/** @throws {RestError} PGRST107 when the root is wanted as something else than a document. */
function assertInspectable({ accepts }: ApiRequest): void {
  if (!accepts.some(type => INSPECTED.has(type.kind))) {
    throw requestErrors.unacceptableMediaType(accepts.map(renderMime));
  }
}
