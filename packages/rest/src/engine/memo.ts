/**
 * Remembers how requests of one shape compile. An application sends few shapes of requests over and over: same path, same
 * select, same filters, same columns, other values. What changes between them are parameters of a statement that stays the
 * same, so that what a shape compiles to is worked out a few times and then remembered.
 */
import { randomUUID } from 'node:crypto';
import { detached } from '@peakstone/kernel/boundedCache';
import type { Catalog } from '@peakstone/kernel/catalog';
import type { Compiled } from '../compile.ts';
import type { RestConfig } from '../config/types.ts';
import { canonicalOf, decodeText } from '../parse/query.ts';
import { type ApiRequest, parseRequest } from '../parse/request.ts';
import { parseTarget, type RequestParts } from '../parse/target.ts';
import { Recurring } from './recurring.ts';
import { markedQuery, payloadShape, SHAPING_HEADERS, type Shape, shapeOf } from './shape.ts';
import { fillTemplate, learnTemplate, type Template } from './template.ts';

/** A request of a known shape. */
export interface Known {
  /** Every part but the body. Its filters hold marks in place of values: only what is compiled holds the values. */
  readonly head: ApiRequest;
  /** `api` is `head`, with its body where it takes one. Null when it has to be compiled as any other. Never throws. */
  compile(api: ApiRequest): Compiled | null;
}

export interface Memo {
  /** Null for a shape that is new. Never throws. */
  find(parts: RequestParts, catalog: Catalog, config: RestConfig): Known | null;
}

/** What is known under one catalog and configuration. */
interface Memory {
  readonly catalog: Catalog;
  readonly config: RestConfig;
  readonly heads: Recurring<ApiRequest>;
  readonly templates: Recurring<Template>;
}

/** The parts that a head is read from, the query aside. */
function detachedParts({ method, path, headers }: RequestParts): Omit<RequestParts, 'query'> {
  const own: Record<string, string | undefined> = {};
  for (const name of SHAPING_HEADERS) {
    const value = headers[name];
    if (value !== undefined) own[name] = detached(value);
  }
  return { method, path: detached(path), headers: own };
}

/** Of all heads, and of all templates. */
const maxHeadBytes = 4 * 1024 * 1024;
const maxTemplateBytes = 8 * 1024 * 1024;

/** Measured: 2 KB for a plain request, and 17 to 25 bytes for each character of a long query. */
const headBytes = (key: string): number => 2000 + 26 * key.length;

/** Measured: 6 to 13 bytes for each character of the statement. */
function templateBytes(key: string, { compiled }: Template): number {
  return compiled.statements.reduce(
    (sum, { text, large, plain }) =>
      sum + 12 * text.length + (large?.text.length ?? 0) + (plain?.length ?? 0),
    2000 + key.length,
  );
}

export function createMemo(): Memo {
  const id = randomUUID();
  const mark = (hole: number): string => `${id}-${hole}.`;
  let memory: Memory | null = null;

  const learnHead = (shape: Shape, parts: RequestParts, config: RestConfig): ApiRequest | null => {
    const marked = { ...detachedParts(parts), query: markedQuery(shape, mark) };
    try {
      const head = parseRequest(marked, parseTarget(marked, config), config);
      // Rows nested in rows are told apart by the body.
      return head.preferences.nested ? null : head;
    } catch {
      // Refused: the request itself, read as it is, says why in its own words.
      return null;
    }
  };

  const compileKnown = (
    api: ApiRequest,
    { key, values }: Shape,
    { catalog, config, templates }: Memory,
  ): Compiled | null => {
    const payload = payloadShape(api.payload);
    if (payload === null) return null;
    const template = templates.get(key + payload, () =>
      learnTemplate(
        api,
        values.map((_value, hole) => mark(hole)),
        catalog,
        config,
      ),
    );
    return template && fillTemplate(template, values.map(decodeText), api);
  };

  return {
    find(parts, catalog, config) {
      const shape = shapeOf(parts);
      if (!shape) return null;
      if (memory?.catalog !== catalog || memory.config !== config) {
        memory = {
          catalog,
          config,
          heads: new Recurring(maxHeadBytes, headBytes),
          templates: new Recurring(maxTemplateBytes, templateBytes),
        };
      }
      const current = memory;
      const head = current.heads.get(shape.key, () => learnHead(shape, parts, config));
      return (
        head && {
          // Only reads tell where they are.
          head: head.action.kind === 'read' ? withCanonical(head, parts.query) : head,
          compile: api => compileKnown(api, shape, current),
        }
      );
    },
  };
}

function withCanonical(head: ApiRequest, query: string): ApiRequest {
  return { ...head, query: { ...head.query, canonical: canonicalOf(query) } };
}
