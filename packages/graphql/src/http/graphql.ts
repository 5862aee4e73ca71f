/** `/v1/graphql` and its kin. */

import type { HttpRequest, HttpResponse } from '@peakstone/kernel/http';
import type { Session } from '../auth/types.ts';
import { limitsOf } from '../engine/apiLimits.ts';
import type { Answer } from '../engine/types.ts';
import { HasuraError } from '../errors.ts';
import { readGraphqlBody, readJson } from './body.ts';
import type { HttpContext, Route } from './context.ts';
import type { Told } from './log.ts';
import { jsonType } from './respond.ts';

function graphqlRoute(path: string, kind: 'standard' | 'relay', errors: Route['errors']): Route {
  return {
    methods: ['POST'],
    path,
    api: 'graphql',
    errors,
    answer: (request, context, session, told) =>
      answerGraphql(request, context, session, { kind, errors, told }),
  };
}

async function answerGraphql(
  request: HttpRequest,
  { config, engine, metadata }: HttpContext,
  session: Session,
  { kind, errors, told }: { kind: 'standard' | 'relay'; errors: Route['errors']; told: Told },
): Promise<HttpResponse> {
  const body = readGraphqlBody(await readJson(request, session, config), config.limits.maxBatch);
  const aborter = new AbortController();
  request.onAborted(() => aborter.abort());
  const options = {
    kind,
    signal: aborter.signal,
    headers: request.headers,
    clientAddress: request.remoteAddress,
  };
  if (body.kind === 'single') {
    told.operationName = body.request.operationName;
    const answer = await engine.execute(body.request, session, options);
    told.error = answer.error;
    return respond(answer, errors);
  }
  const { batch } = limitsOf(metadata.model.metadata, session.role);
  if (batch !== null && body.requests.length > batch)
    throw new HasuraError('validation-failed', `a batch may hold ${batch} operations at most`);
  told.mode = 'batched';
  const answers: Answer[] = [];
  for (const each of body.requests) {
    // One in a batch that is refused does not keep the others from their answers.
    const answer = await engine.execute(each, session, options);
    told.error ??= answer.error;
    answers.push(answer);
  }
  const parts = answers.flatMap(({ body: bytes }, i) => (i === 0 ? bytes : [',', ...bytes]));
  return { status: 200, headers: jsonType, body: buffers(['[', ...parts, ']']) };
}

/** Errors are answers like all others, but in the first version of the API, where they have statuses. */
function respond({ body, error, headers }: Answer, errors: Route['errors']): HttpResponse {
  const status = error !== null && errors === 'graphqlStatus' ? error.status : 200;
  return { status, headers: [...jsonType, ...headers], body: buffers(body) };
}

function buffers(parts: readonly (Uint8Array | string)[]): readonly Uint8Array[] {
  return parts.map(part => (typeof part === 'string' ? Buffer.from(part) : part));
}

export const graphqlRoutes: readonly Route[] = [
  graphqlRoute('/v1/graphql', 'standard', 'graphql'),
  graphqlRoute('/v1alpha1/graphql', 'standard', 'graphqlStatus'),
  graphqlRoute('/v1beta1/relay', 'relay', 'graphql'),
];
