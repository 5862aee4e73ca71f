/**
 * The request body: what goes to PostgreSQL as one parameter, and which columns it names.
 * @see https://docs.postgrest.org/en/stable/references/api/tables_views.html#insert
 */
import { requestErrors } from '../errors.ts';
import { csvToJson } from './csv.ts';
import { scanJson } from './json.ts';
import { type MediaType, renderMime } from './media.ts';

export type Payload =
  /** JSON, checked; the bytes as they came, so that PostgreSQL reads what the client wrote. */
  | { readonly kind: 'json'; readonly raw: Buffer; readonly keys: readonly string[] }
  /** JSON under `columns=`: neither checked nor looked at. */
  | { readonly kind: 'unchecked'; readonly raw: Buffer }
  /** A form posted to a function: arguments in order, as if they had come in the query string. */
  | {
      readonly kind: 'form';
      readonly params: readonly (readonly [string, string])[];
      readonly keys: readonly string[];
    }
  /** The one unnamed argument of a function. */
  | { readonly kind: 'raw'; readonly raw: Buffer };

export interface ParsedPayload {
  readonly payload: Payload;
  /** Columns or arguments that are given, sorted, each once. */
  readonly columns: readonly string[];
}

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
): ParsedPayload {
  const isRoutine = target === 'routine';
  switch (contentType.kind) {
    case 'json':
      if (columns) return { payload: { kind: 'unchecked', raw: body }, columns: sortedSet(columns) };
      return body.length === 0 && isRoutine ? json(Buffer.from('{}'), []) : parseJson(body);
    case 'csv': {
      const rows = csvToJson(body);
      return json(rows.json, rows.keys);
    }
    case 'form': {
      const params = [...new URLSearchParams(body.toString('utf8'))];
      const keys = sortedSet(params.map(([name]) => name));
      return isRoutine
        ? { payload: { kind: 'form', params, keys }, columns: keys }
        : json(Buffer.from(JSON.stringify(Object.fromEntries(params))), keys);
    }
    case 'text':
    case 'xml':
    case 'octets':
      if (isRoutine) return { payload: { kind: 'raw', raw: body }, columns: [] };
  }
  throw requestErrors.invalidBody(`Content-Type not acceptable: ${renderMime(contentType)}`);
}

function parseJson(body: Buffer): ParsedPayload {
  const shape = scanJson(body);
  if (!shape) throw requestErrors.invalidBody('Empty or invalid json');
  switch (shape.kind) {
    case 'rows':
      return json(body, shape.keys);
    case 'empty':
      // Scalars count as no rows, as the reference has it.
      return json(Buffer.from('[]'), []);
    case 'mixed':
      throw requestErrors.invalidBody('All object keys must match');
  }
}

const json = (raw: Buffer, keys: readonly string[]): ParsedPayload => ({
  payload: { kind: 'json', raw, keys },
  columns: keys,
});

const sortedSet = (names: readonly string[]): readonly string[] => [...new Set(names)].sort();
