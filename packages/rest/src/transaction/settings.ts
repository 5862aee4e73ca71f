/**
 * What a transaction is told before its statement: the kernel's settings of a request, and those of configuration and function.
 * @see https://docs.postgrest.org/en/stable/references/transactions.html#transaction-scoped-settings
 */
import type { Routine } from '@peakstone/kernel/catalog';
import type { HttpRequest } from '@peakstone/kernel/http';
import type { Sql } from '@peakstone/kernel/pg';
import {
  type Identity,
  requestSettings,
  type TransactionMode,
  transactionSettings,
} from '@peakstone/kernel/request';
import type { RestConfig } from '../config/types.ts';
import type { ApiRequest } from '../parse/request.ts';
import { quote } from '../sql/writer.ts';

/** What of the request the database gets to see. */
export type RequestFacts = Pick<HttpRequest, 'method' | 'path' | 'headers'> &
  Pick<ApiRequest, 'schema' | 'preferences'>;

/** The facts of a request; its method is the one it was read by. */
export function requestFacts(
  { method, schema, preferences }: ApiRequest,
  { path, headers }: HttpRequest,
): RequestFacts {
  return { method, path, headers, schema, preferences };
}

/** All settings in one statement. */
export function settingsStatement(
  routine: Routine | null,
  identity: Identity,
  facts: RequestFacts,
  config: RestConfig,
  mode: TransactionMode,
): Sql {
  const { timezone } = facts.preferences;
  const request = requestSettings(identity.claimsJson, facts);
  return transactionSettings({
    mode,
    searchPath: searchPath(facts.schema, config),
    ofRole: config.roleSettings.get(identity.role) ?? [],
    role: identity.role,
    request: timezone === undefined ? request : [...request, ['timezone', timezone]],
    others: [hoisted(routine, config), config.appSettings],
  });
}

function searchPath(schema: string, { dbExtraSearchPath }: RestConfig): string {
  return dbExtraSearchPath.length === 0
    ? quote(schema)
    : [schema, ...dbExtraSearchPath].map(quote).join(', ');
}

/** The settings of a function that are raised to the whole transaction. */
function hoisted(routine: Routine | null, config: RestConfig): readonly (readonly [string, string])[] {
  if (!routine || routine.settings.length === 0) return [];
  return routine.settings.filter(([name, value]) =>
    config.dbHoistedTxSettings.some(each => `${name}=${value}`.includes(each)),
  );
}
