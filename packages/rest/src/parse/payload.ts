/**
 * The request body: what goes to PostgreSQL as one parameter, and which columns it names.
 * @see https://docs.postgrest.org/en/stable/references/api/tables_views.html#insert
 */
import { requestErrors } from '../errors.ts';
import { csvToJson } from './csv.ts';
import { scanJson } from './json.ts';
import { type MediaType, renderMime } from './media.ts';
import { splitPairs } from './query.ts';

/** `columns` are the columns or arguments that are given, sorted, each once. */
export type Payload =
  /** The bytes as they came, so that PostgreSQL reads what the client wrote; of CSV and forms, the same as JSON. */
  | { readonly kind: 'bytes'; readonly bytes: Buffer; readonly columns: readonly string[] }
  /** A form posted to a function: arguments in order, as if they had come in the query string. */
  | {
      readonly kind: 'form';
      readonly params: readonly (readonly [string, string])[];
      readonly columns: readonly string[];
    };

/**
 * Reads the body of an insert, upsert, update (`relation`) or POSTed function call (`routine`). `columns` is the
 * query's `columns=`, null when absent or not applicable (PUT). Pure.
 * @throws {RestError} PGRST102
 */
export function parsePayload(
  body: Buffer,
  contentType: MediaType,
  target: 'relation' | 'routine',
  columns: readonly string[] | null,
): Payload {
  const isRoutine = target === 'routine';
  switch (contentType.kind) {
    case 'json':
      // Columns that are named are neither checked nor looked for.
      if (columns) return asBytes(body, sortedSet(columns));
      return body.length === 0 && isRoutine ? asBytes(body, []) : parseJson(body);
    case 'csv': {
      const rows = csvToJson(body);
      return asBytes(rows.json, rows.keys);
    }
    case 'form': {
      const params = splitPairs(body.toString('latin1')).map(([name, value]) => [name, value ?? ''] as const);
      const keys = sortedSet(params.map(([name]) => name));
      return isRoutine
        ? { kind: 'form', params, columns: keys }
        : asBytes(Buffer.from(JSON.stringify(Object.fromEntries(params))), keys);
    }
    case 'text':
    case 'xml':
    case 'octets':
      if (isRoutine) return asBytes(body, []);
  }
  throw requestErrors.invalidBody(`Content-Type not acceptable: ${renderMime(contentType)}`);
}

function parseJson(body: Buffer): Payload {
  const shape = scanJson(body);
  if (!shape) throw requestErrors.invalidBody('Empty or invalid json');
  switch (shape.kind) {
    case 'rows':
      return asBytes(body, shape.keys);
    case 'empty':
      // Scalars count as no rows, as the reference has it.
      return asBytes(Buffer.from('[]'), []);
    case 'mixed':
      throw requestErrors.invalidBody('All object keys must match');
  }
}

const asBytes = (bytes: Buffer, columns: readonly string[]): Payload => ({ kind: 'bytes', bytes, columns });

const sortedSet = (names: readonly string[]): readonly string[] => [...new Set(names)].sort();
