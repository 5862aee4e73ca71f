/**
 * The engine: request → parse → plan → SQL → exchange → respond.
 * What it throws is rendered by the edge around it.
 */
import type { HttpResponse } from '@peakstone/kernel/http';
import { answerBatch, isBatch } from './beyond/batch.ts';
import { allowingQuery, asRead, withoutLongLocation } from './beyond/queryMethod.ts';
import {
  type ApiRequest,
  type Compiled,
  compileAction,
  parseRequest,
  readTarget,
  routineOf,
  takesBody,
} from './compile.ts';
import type { RestCall, RestContext, RestEngine } from './context.ts';
import { createEdge } from './edge.ts';
import { answerCompiled, withLegacyWarning } from './engine/answer.ts';
import { inspect } from './engine/inspect.ts';
import { createMemo } from './engine/memo.ts';
import { type Clock, createClock } from './engine/serverTiming.ts';
import { respondInfo, withETag, withVary } from './respond.ts';
import { ClientGone } from './transaction/exchange.ts';
import { createLanes } from './transaction/lanes.ts';

export interface EngineOptions {
  /** ETag on reads, and 304 for If-None-Match, whatever the setting `server-etag-enabled` says. Default false. */
  readonly etag?: boolean;
}

/** The whole handler: the engine inside its HTTP edge. `context` is read once a request. */
export function createRestHandler(context: () => RestContext, options: EngineOptions = {}) {
  return createEdge(context, createEngine(options));
}

/** Makes the engine. It keeps how long statements took and how shapes of reads compile. */
export function createEngine(options: EngineOptions = {}): RestEngine {
  const lanes = createLanes();
  const memo = createMemo();
  const respondTo = async (
    compiled: Compiled,
    api: ApiRequest,
    call: RestCall,
    clock: Clock,
  ): Promise<HttpResponse> => {
    const response = await answerCompiled(compiled, api, call, lanes, clock);
    const isTagged = (options.etag || call.config.beyond.etag) && compiled.kind === 'read';
    const tagged = isTagged ? withETag(response, call.request.headers['if-none-match']) : response;
    return finish(withLegacyWarning(tagged, compiled, api, call), clock);
  };
  const run = async (call: RestCall): Promise<HttpResponse> => {
    const { request, config, catalog } = call;
    const clock = createClock(call.jwtMs);
    if (isBatch(request, config)) return finish(await answerBatch(call), clock);
    if (request.method === 'QUERY' && config.beyond.queryMethod) {
      return withoutLongLocation(await run(await asRead(call)));
    }
    const known = memo.find(request, catalog, config);
    if (known) {
      clock.lap('plan');
      return respondTo(known.compiled, known.api, call, clock);
    }
    const target = readTarget(request, config);
    const body = takesBody(target) ? await request.body() : null;
    clock.start();
    const api = parseRequest(request, target, body, config);
    clock.lap('parse');
    const { action } = api;
    switch (action.kind) {
      case 'read':
      case 'mutate':
      case 'call': {
        const compiled = compileAction(action, api, catalog, config);
        clock.lap('plan');
        return respondTo(compiled, api, call, clock);
      }
      case 'inspect':
        return finish(await inspect(action.headersOnly, api, call, clock), clock);
      case 'info': {
        const { resource } = action;
        const routine = resource.kind === 'routine' ? routineOf(resource.name, false, api, catalog) : null;
        clock.lap('plan');
        const info = respondInfo(resource, api.schema, catalog, routine);
        return finish(config.beyond.queryMethod ? allowingQuery(info) : info, clock);
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

function finish(response: HttpResponse, clock: Clock): HttpResponse {
  const timing = clock.header();
  const timed =
    timing === null ? response : { ...response, headers: [...response.headers, 'Server-Timing', timing] };
  return withVary(timed);
}
