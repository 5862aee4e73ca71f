/** `/v1/metadata`, `/v2/query` and `/v1/query`: commands, one or several. */

import type { HttpRequest, HttpResponse } from '@peakstone/kernel/http';
import { adminRole, type Session } from '../auth/types.ts';
import { HasuraError } from '../errors.ts';
import { type CommandRequest, kindOf } from '../metadata/api/command.ts';
import { changesMetadata, runCommand } from '../metadata/api/table.ts';
import type { Staged } from '../metadata/state.ts';
import { readJson } from './body.ts';
import type { HttpContext, Route } from './context.ts';
import { json } from './respond.ts';

async function answerMetadata(
  request: HttpRequest,
  context: HttpContext,
  session: Session,
): Promise<HttpResponse> {
  const { config, metadata } = context;
  const body = await readJson(request, session, config);
  if (body === null || typeof body !== 'object' || Array.isArray(body))
    throw new HasuraError(
      'parse-failed',
      `parsing Object failed, expected Object, but encountered ${kindOf(body)}`,
    );
  if (session.role !== adminRole && !isOpenToAll(body))
    throw new HasuraError('access-denied', 'restricted access : admin only', {
      path: ['args'],
      status: 400,
    });
  if (typeof (body as CommandRequest).type !== 'string')
    throw new HasuraError('parse-failed', 'parsing Object failed, key "type" not found');
  const command = body as CommandRequest;
  const run = (staged: Staged) =>
    runCommand(command, {
      staged,
      session,
      config,
      database: context.database,
      pool: source => context.database(source).pool,
      store: context.store,
    });
  const result = isOpenToAll(body)
    ? await metadata.read(run)
    : await metadata.change(run, { seen: command.resource_version, counts: changesMetadata(command) });
  return json(200, JSON.stringify(result));
}

const openToAll: ReadonlySet<string> = new Set(['select', 'insert', 'update', 'delete', 'count']);

/** The v1 API's own queries are for every role that has a permission. */
function isOpenToAll(body: unknown): boolean {
  if (body === null || typeof body !== 'object') return false;
  const { type, args } = body as Partial<CommandRequest>;
  if (type === 'bulk' && Array.isArray(args)) return args.every(isOpenToAll);
  return openToAll.has(type ?? '');
}

function metadataRoute(path: string): Route {
  return { methods: ['POST'], path, api: 'metadata', errors: 'metadata', answer: answerMetadata };
}

export const metadataRoutes: readonly Route[] = [
  metadataRoute('/v1/metadata'),
  metadataRoute('/v2/query'),
  metadataRoute('/v1/query'),
];
