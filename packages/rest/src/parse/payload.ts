/**
 * The request body: what goes to PostgreSQL as one parameter, and which columns it names. Bodies are read in slices, so
 * that none, whatever is in it, keeps other requests waiting, and nothing is made of them that is larger than they are but
 * the JSON of CSV and forms.
 * @see https://docs.postgrest.org/en/stable/references/api/tables_views.html#insert
 */
import { requestErrors } from '../errors.ts';
import { type MediaType, renderMime } from './media.ts';
import { byteaText } from './payload/bytea.ts';
import { csvToJson } from './payload/csv.ts';
import { formFields, formToJson } from './payload/form.ts';
import { maxJsonDepth, scanJson } from './payload/json.ts';
import { maxNames } from './payload/jsonKeys.ts';
import type { Hold } from './payload/jsonText.ts';

/** `columns` are the columns or arguments that are given, sorted, each once. */
export type Payload =
  /** The bytes as they came, so that PostgreSQL reads what the client wrote; of CSV and forms, the same as JSON. */
  | {
      readonly kind: 'bytes';
      readonly bytes: Buffer;
      readonly columns: readonly string[];
      /** Under which key of the JSON each column stands, where that is not its name. */
      readonly keys?: ReadonlyMap<string, string>;
    }
  /** A form posted to a function: arguments in order, as if they had come in the query string. */
  | {
      readonly kind: 'form';
      readonly params: readonly (readonly [string, string])[];
      readonly columns: readonly string[];
    };

/**
 * Reads the body of an insert, upsert, update (`relation`) or POSTed function call (`routine`). `columns` is the
 * query's `columns=`, null when absent or not applicable (PUT). `hold` is told of memory that is taken beside the body's.
 * Pure but for what `hold` does; yields between slices.
 * @throws {RestError} PGRST102
 */
export function* parsePayload(
  body: Buffer,
  contentType: MediaType,
  target: 'relation' | 'routine',
  columns: readonly string[] | null,
  hold: Hold,
): Generator<void, Payload> {
  const isRoutine = target === 'routine';
  switch (contentType.kind) {
    case 'json':
      // Columns that are named are neither checked nor looked for.
      if (columns) return asBytes(body, sortedSet(columns));
      return body.length === 0 && isRoutine ? asBytes(body, []) : yield* parseJson(body);
    case 'csv': {
      const { json, keys } = yield* csvToJson(body, hold);
      return { ...asBytes(json, sortedSet(keys.keys())), keys };
    }
    case 'form': {
      if (!isRoutine) {
        const { json, names } = yield* formToJson(body, hold);
        return asBytes(json, sortedSet(names));
      }
      const params = yield* formFields(body, hold);
      return { kind: 'form', params, columns: sortedSet(params.map(([name]) => name)) };
    }
    case 'octets':
      if (isRoutine) return asBytes(yield* byteaText(body, hold), []);
      break;
    case 'text':
    case 'xml':
      if (isRoutine) return asBytes(body, []);
  }
  throw requestErrors.invalidBody(`Content-Type not acceptable: ${renderMime(contentType)}`);
}

function* parseJson(body: Buffer): Generator<void, Payload> {
  const shape = yield* scanJson(body);
  switch (shape.kind) {
    case 'rows':
      return asBytes(body, shape.keys);
    case 'empty':
      // Scalars count as no rows, as the reference has it.
      return asBytes(Buffer.from('[]'), []);
    case 'mixed':
      throw requestErrors.invalidBody('All object keys must match');
    case 'deep':
      throw requestErrors.invalidBody(
        'Empty or invalid json',
        `It is nested more than ${maxJsonDepth} levels deep.`,
      );
    case 'invalid':
      throw requestErrors.invalidBody('Empty or invalid json');
  }
}

const asBytes = (bytes: Buffer, columns: readonly string[]) => ({ kind: 'bytes', bytes, columns }) as const;

/** Of more names than there can be columns, the first ones: some of them are unknown. */
const sortedSet = (names: Iterable<string>): readonly string[] =>
  [...new Set(names)].sort().slice(0, maxNames);
