/**
 * The engine: request → parse → plan → SQL → exchange → respond.
 * What it throws is rendered by the edge around it.
 */
import { type HttpResponse, withHeaders } from '@peakstone/kernel/http';
import { type Compiled, compileAction, routineOf } from './compile.ts';
import type { RestCall, RestEngine } from './context.ts';
import { answerCompiled, withLegacyWarning } from './engine/answer.ts';
import { answerBatch, isBatch } from './engine/batch.ts';
import { inspect } from './engine/inspect.ts';
import { createMemo } from './engine/memo.ts';
import { allowingQuery, asRead, withoutLongLocation } from './engine/queryMethod.ts';
import { createServerTiming, type ServerTiming } from './engine/serverTiming.ts';
import { type ApiRequest, parseRequest, takesBody } from './parse/request.ts';
import { parseTarget } from './parse/target.ts';
import { withETag } from './respond/etag.ts';
import { respondInfo, withVary } from './respond.ts';
import { ClientGone } from './transaction/exchange.ts';
import { createShortStatements } from './transaction/shortStatements.ts';

/** Makes the engine. It keeps how long statements took and how shapes of reads compile. */
export function createEngine(): RestEngine {
  const shortStatements = createShortStatements();
  const memo = createMemo();
  const respondTo = async (
    compiled: Compiled,
    api: ApiRequest,
    call: RestCall,
    timing: ServerTiming,
  ): Promise<HttpResponse> => {
    const response = await answerCompiled(compiled, api, call, shortStatements, timing);
    const isTagged = call.config.beyond.etag && compiled.kind === 'read';
    const tagged = isTagged ? withETag(response, call.request.headers['if-none-match']) : response;
    return finish(withLegacyWarning(tagged, compiled, call), timing);
  };
  const run = async (call: RestCall): Promise<HttpResponse> => {
    const { request, config, catalog } = call;
    const timing = createServerTiming(call.jwtMs);
    if (isBatch(request, config)) return finish(await answerBatch(call), timing);
    if (request.method === 'QUERY' && config.beyond.queryMethod) {
      return withoutLongLocation(await run(await asRead(call)));
    }
    const known = memo.find(request, catalog, config);
    if (known) {
      timing.lap('plan');
      return respondTo(known.compiled, known.api, call, timing);
    }
    const target = parseTarget(request, config);
    const body = takesBody(target) ? await request.body() : null;
    timing.start();
    const api = parseRequest(request, target, body, config);
    timing.lap('parse');
    const { action } = api;
    switch (action.kind) {
      case 'read':
      case 'mutate':
      case 'call': {
        const compiled = compileAction(action, api, catalog, config);
        timing.lap('plan');
        return respondTo(compiled, api, call, timing);
      }
      case 'inspect':
        return finish(await inspect(action.headersOnly, api, call, timing), timing);
      case 'info': {
        const { resource } = action;
        const routine = resource.kind === 'routine' ? routineOf(resource.name, false, api, catalog) : null;
        timing.lap('plan');
        const info = respondInfo(resource, api.schema, catalog, routine);
        return finish(config.beyond.queryMethod ? allowingQuery(info) : info, timing);
      }
    }
  };
  return async call => {
    try {
      return await run(call);
    } catch (error) {
      if (error instanceof ClientGone) return clientGone;
      throw error;
    }
  };
}

/** As proxies log a request whose client did not wait for the answer. */
const clientGone: HttpResponse = { status: 499, headers: [], body: null };

function finish(response: HttpResponse, timing: ServerTiming): HttpResponse {
  const header = timing.header();
  return withVary(header === null ? response : withHeaders(response, ['Server-Timing', header]));
}
