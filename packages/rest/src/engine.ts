/**
 * The engine: parse, compile, run, respond.
 * What it throws is rendered by the edge around it.
 */
import { type HttpResponse, withHeaders } from '@peakstone/kernel/http';
import { runPaced, runWhole } from '@peakstone/kernel/pace';
import { createShortStatements } from '@peakstone/kernel/pg';
import { type Compiled, compileAction, compileCall } from './compile.ts';
import type { RestCall, RestEngine } from './context.ts';
import { answerCompiled } from './engine/answer.ts';
import { answerBatch, isBatch } from './engine/batch.ts';
import { readBody } from './engine/body.ts';
import { inspect } from './engine/inspect.ts';
import { createMemo } from './engine/memo.ts';
import { allowingQuery, asRead } from './engine/queryMethod.ts';
import { renewCall } from './engine/renewCall.ts';
import { createServerTiming, type ServerTiming } from './engine/serverTiming.ts';
import { createDocuments } from './openapi/documents.ts';
import { type ApiRequest, parseRequest, takesBody } from './parse/request.ts';
import { parseTarget, type Resource } from './parse/target.ts';
import { respondInfo, withVary } from './respond.ts';
import { ClientGone } from './transaction/exchange.ts';

/** Makes the engine. It keeps how long statements took, how shapes of reads compile, and the documents it has made. */
export function createEngine(): RestEngine {
  const shortStatements = createShortStatements();
  const memo = createMemo();
  const documents = createDocuments();

  const answer = async (call: RestCall, timing: ServerTiming): Promise<HttpResponse> => {
    const { request, config, catalog } = call;
    if (isBatch(request, config)) return await answerBatch(call);
    const known = memo.find(request, catalog, config);
    const head = known?.head ?? parseRequest(request, parseTarget(request, config), config);
    timing.lap('parse');
    const api = takesBody(head) ? await readBody(head, call) : head;
    // Most of that was waiting for the client.
    timing.start();
    const { action } = api;
    switch (action.kind) {
      case 'read':
      case 'mutate':
      case 'call': {
        const remembered = known?.compile(api);
        if (remembered) return await complete(remembered, api, call, timing);
        const whole = known ? asItCame(api, call) : api;
        return await complete(await compile(whole, call), whole, call, timing);
      }
      case 'inspect':
        return await inspect(action.headersOnly, api, call, timing, documents);
      case 'info':
        return answerInfo(action.resource, api, call, timing);
    }
  };

  /** From the compiled request to its answer; once more where the schema turns out to be another. */
  const complete = async (
    compiled: Compiled,
    api: ApiRequest,
    call: RestCall,
    timing: ServerTiming,
  ): Promise<HttpResponse> => {
    timing.lap('plan');
    try {
      return await answerCompiled(compiled, api, call, shortStatements, timing);
    } catch (error) {
      const renewed = await renewCall(error, compiled, call);
      if (!renewed) throw error;
      const whole = asItCame(api, renewed);
      const again = await compile(whole, renewed);
      return await answerCompiled(again, whole, renewed, shortStatements, timing);
    }
  };

  const run = async (call: RestCall): Promise<HttpResponse> => {
    if (call.request.method === 'QUERY' && call.config.beyond.queryMethod) {
      return await run(await asRead(call));
    }
    const timing = createServerTiming(call.jwtMs);
    const response = await answer(call, timing);
    const header = timing.header();
    return withVary(header === null ? response : withHeaders(response, ['Server-Timing', header]));
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

/** The request read as it is where `api` may hold marks in place of values; the body stays as it was read. */
function asItCame({ payload }: ApiRequest, { request, config }: RestCall): ApiRequest {
  return { ...parseRequest(request, parseTarget(request, config), config), payload };
}

/** Rows with related rows are read only here, where the catalog tells them apart; nothing else takes time. */
function compile(api: ApiRequest, { catalog, config, request }: RestCall): Compiled | Promise<Compiled> {
  const work = compileAction(api, catalog, config, bytes => request.hold(bytes));
  return api.preferences.nested ? runPaced(work) : runWhole(work);
}

/** OPTIONS. */
function answerInfo(
  resource: Resource,
  api: ApiRequest,
  { catalog, config }: RestCall,
  timing: ServerTiming,
): HttpResponse {
  const routine =
    resource.kind === 'routine'
      ? compileCall({ kind: 'call', name: resource.name, method: 'HEAD' }, api, catalog, config).routine
      : null;
  timing.lap('plan');
  const info = respondInfo(resource, api.schema, catalog, routine);
  return config.beyond.queryMethod ? allowingQuery(info) : info;
}

/** As proxies log a request whose client did not wait for the answer. */
const clientGone: HttpResponse = { status: 499, headers: [], body: null };
