/** `/v1/metadata`, `/v2/query` and `/v1/query`: commands, one or several. */

import type { HttpRequest, HttpResponse } from '@peakstone/kernel/http';
import { adminRole, type Session } from '../auth/types.ts';
import { HasuraError } from '../errors.ts';
import type { CommandRequest } from '../metadata/api/command.ts';
import { runCommand } from '../metadata/api/table.ts';
import { readJson } from './body.ts';
import type { HttpContext, Route } from './context.ts';
import { json } from './respond.ts';

async function answerMetadata(
  request: HttpRequest,
  context: HttpContext,
  session: Session,
): Promise<HttpResponse> {
  const { config, metadata } = context;
  const body = await readJson(request, config.limits.maxBodyBytes);
  if (session.role !== adminRole)
    throw new HasuraError('access-denied', 'restricted access : admin only', { status: 400 });
  if (
    body === null ||
    typeof body !== 'object' ||
    Array.isArray(body) ||
    typeof (body as CommandRequest).type !== 'string'
  )
    throw new HasuraError(
      'parse-failed',
      'parsing RQLQuery failed, expected an object with "type" and "args"',
    );
  const command = body as CommandRequest;
  const result = await metadata.change(staged =>
    runCommand(command, { staged, session, config, pool: context.pool }),
  );
  return json(200, JSON.stringify(result));
}

function metadataRoute(path: string): Route {
  return { methods: ['POST'], path, api: 'metadata', errors: 'metadata', answer: answerMetadata };
}

export const metadataRoutes: readonly Route[] = [
  metadataRoute('/v1/metadata'),
  metadataRoute('/v2/query'),
  metadataRoute('/v1/query'),
];
