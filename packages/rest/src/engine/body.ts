/** A request with its body: who sends a large one must be allowed to write before any of it is read. */
import { type Catalog, key } from '@peakstone/kernel/catalog';
import { HttpError, type HttpRequest } from '@peakstone/kernel/http';
import { runPaced, runWhole } from '@peakstone/kernel/pace';
import type { RestCall } from '../context.ts';
import { beyondErrors, schemaCacheErrors } from '../errors.ts';
import { type ApiRequest, withBody } from '../parse/request.ts';
import { assertExecutable, assertPrivilege } from './privileges.ts';

/** Smaller bodies are read at once: looking at privileges first would cost a round trip more than it saves. */
const smallBodyBytes = 65_536;
/** Rows nested in rows are built in memory. */
const maxNestedBytes = 4 * 1024 * 1024;

/**
 * Reads the body and what it says.
 * @throws {RestError} PGRST102, and for large bodies 42501 and PGRST205 before they are read.
 * @throws {RestError} PGRST102 with 413 beyond what a visitor may send. @throws {HttpError} 413 beyond what anybody may.
 */
export async function readBody(api: ApiRequest, call: RestCall): Promise<ApiRequest> {
  const { request } = call;
  if (mayBeLarge(request)) await assertMaySend(api, call);
  const body = await receive(api, call);
  const work = withBody(api, body, bytes => request.hold(bytes));
  return body.length <= smallBodyBytes ? runWhole(work) : await runPaced(work);
}

function mayBeLarge({ headers }: HttpRequest): boolean {
  return (
    headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > smallBodyBytes
  );
}

function receive({ preferences }: ApiRequest, { request, identity, config }: RestCall): Promise<Buffer> {
  const { anonMaxBodyBytes, anonRoles } = config.beyond;
  const isVisitor = identity.isAnonymous || anonRoles.includes(identity.role);
  const ofVisitors = isVisitor ? anonMaxBodyBytes : null;
  const ofKind = preferences.nested ? maxNestedBytes : null;
  if (ofVisitors === null || (ofKind !== null && ofKind <= ofVisitors)) {
    return ofKind === null ? request.body() : request.body(ofKind);
  }
  return request.body(ofVisitors).catch((error: unknown) => {
    throw error instanceof HttpError && error.status === 413
      ? beyondErrors.anonBodyTooLarge(ofVisitors, error)
      : error;
  });
}

/** What must be granted, on any column, for a body to be of use. */
const needed = { insert: 'INSERT', upsert: 'INSERT', update: 'UPDATE' } as const;

async function assertMaySend({ action, schema }: ApiRequest, call: RestCall): Promise<void> {
  if (action.kind === 'mutate' && action.mutation !== 'delete') {
    await assertPrivilege(findTable(call.catalog, schema, action.name), needed[action.mutation], call);
  } else if (action.kind === 'call') {
    await assertExecutable(action.name, call.catalog.routines.get(key(schema, action.name)) ?? [], call);
  }
}

function findTable(catalog: Catalog, schema: string, name: string) {
  const table = catalog.tables.get(key(schema, name));
  if (!table || table.isPartition) throw schemaCacheErrors.tableNotFound(schema, name, catalog);
  return table;
}
