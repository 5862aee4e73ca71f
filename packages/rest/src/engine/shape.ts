/** The shape of a request: what is left of it without the values of plain comparisons, and without its body. Pure. */
import type { Payload } from '../parse/payload.ts';
import { isFilterName } from '../parse/query.ts';
import type { RequestParts } from '../parse/target.ts';
import { isJsonObject } from '../sql/payload.ts';

export interface Shape {
  readonly key: string;
  /** The query's parts, with holes. */
  readonly parts: readonly string[];
  /** Values of the holes, still percent-encoded. */
  readonly values: readonly string[];
}

/** Longer ones are not worth it: they hold lists, or nothing that repeats. */
const MAX_QUERY_LENGTH = 1024;
const MAX_KEY_LENGTH = 4096;

/** `name=operator.value` as it stands in the URL, where the value can only become a parameter as it is. */
const COMPARISON = /^([A-Za-z0-9_.>-]+)=((?:not\.)?(?:eq|neq|gte?|lte?)\.)(.*)$/s;
/** Stands for a value in a shape; a query that holds it has none. */
const HOLE = '\0';

const METHODS: ReadonlySet<string> = new Set(['GET', 'POST', 'PATCH', 'PUT', 'DELETE']);

/** Headers that change what a request compiles to. */
export const SHAPING_HEADERS = [
  'accept',
  'prefer',
  'range',
  'accept-profile',
  'content-profile',
  'content-type',
] as const;

/** Null where it is unlikely to come again: arguments of functions in a query are values, each of them. */
export function shapeOf({ method, path, query, headers }: RequestParts): Shape | null {
  if (!METHODS.has(method) || query.length > MAX_QUERY_LENGTH || path === '/') return null;
  if (method === 'GET' && path.startsWith('/rpc/')) return null;
  if (query.includes(HOLE)) return null;
  const parts: string[] = [];
  const values: string[] = [];
  for (const part of query === '' ? [] : query.split(/[&;]/)) {
    const comparison = COMPARISON.exec(part);
    if (comparison && isFilterName(comparison[1] ?? '')) {
      parts.push(`${comparison[1]}=${comparison[2]}${HOLE}`);
      values.push(comparison[3] ?? '');
    } else {
      parts.push(part);
    }
  }
  let key = measured(method) + measured(path);
  for (const name of SHAPING_HEADERS) key += measured(headers[name]);
  if (key.length > MAX_KEY_LENGTH) return null;
  // None of them holds a `&`.
  return { key: key + measured(parts.join('&')), parts, values };
}

/** A part of a key that says how long it is: no two lists of such parts make the same key, whatever is in them. */
function measured(text: string | undefined): string {
  return text === undefined ? '-' : `${text.length}:${text}`;
}

/** The query of a shape with marks in its holes. */
export function markedQuery({ parts }: Shape, mark: (hole: number) => string): string {
  let holes = 0;
  return parts.map(part => part.replace(HOLE, () => mark(holes++))).join('&');
}

/** What of a JSON body changes the statement: whether it is one object, and its columns. Null for other bodies. */
export function payloadShape(payload: Payload | null): string | null {
  if (payload === null) return '';
  if (payload.kind !== 'bytes' || payload.keys) return null;
  let key = isJsonObject(payload.bytes) ? '{' : '[';
  for (const column of payload.columns) {
    key += measured(column);
    if (key.length > MAX_KEY_LENGTH) return null;
  }
  return key;
}
