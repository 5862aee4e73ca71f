/**
 * Remembers how requests of one shape compile. An application sends few shapes of reads over and over: same path, same
 * select, same filters, other values. What changes between them are parameters of a statement that stays the same, so
 * the second request of a shape is the last that needs parsing and planning.
 *
 * A shape is the request with the values of plain comparisons taken out. To learn where those values go, the request is
 * compiled once with marks in their place. Nothing else of a statement depends on such a value.
 */
import { randomUUID } from 'node:crypto';
import type { Catalog } from '@peakstone/kernel/catalog';
import type { Sql, SqlValue } from '@peakstone/kernel/pg';
import { type CompiledRead, compileRead } from '../compile.ts';
import type { RestConfig } from '../config/types.ts';
import { canonicalOf, decodeText, isFilterName } from '../parse/query.ts';
import { type ApiRequest, parseRequest } from '../parse/request.ts';
import { parseTarget, type RequestParts } from '../parse/target.ts';

export interface Prepared {
  /** Of a remembered request, the filters hold marks in place of values: only the statements hold the values. */
  readonly api: ApiRequest;
  readonly compiled: CompiledRead;
}

export interface Memo {
  /** The compiled request when its shape is known; null when it has to be compiled as any other. Never throws. */
  find(parts: RequestParts, catalog: Catalog, config: RestConfig): Prepared | null;
}

/** Shapes remembered; a service has far fewer. */
const MAX_SHAPES = 2000;
/** Longer queries are not worth it: they hold lists, or nothing that repeats. */
const MAX_QUERY_LENGTH = 1024;

/** `name=operator.value` as it stands in the URL, where the value can only become a parameter as it is. */
const COMPARISON = /^([A-Za-z0-9_.>-]+)=((?:not\.)?(?:eq|neq|gte?|lte?)\.)(.*)$/s;
/** Stands for a value in a shape; no URL holds it. */
const HOLE = '\0';

interface Shape {
  readonly key: string;
  /** The query's parts, with holes. */
  readonly parts: readonly string[];
  /** Values of the holes, still percent-encoded. */
  readonly values: readonly string[];
}

interface Template extends Prepared {
  /** For each statement and each hole: the parameters that take its value. */
  readonly positions: readonly (readonly (readonly number[])[])[];
}

export function createMemo(): Memo {
  const mark = randomUUID();
  let templates = new Map<string, Template>();
  // A shape seen once is only noted: most of what is sent once is never sent again. So are those found unfit.
  let noted = new Map<string, 'seen' | 'unfit'>();
  let madeFor: { readonly catalog: Catalog; readonly config: RestConfig } | null = null;
  return {
    find(parts, catalog, config) {
      if (!mayRepeat(parts)) return null;
      if (madeFor?.catalog !== catalog || madeFor.config !== config) {
        templates = new Map();
        noted = new Map();
        madeFor = { catalog, config };
      }
      const shape = shapeOf(parts);
      const known = templates.get(shape.key);
      if (known) return fill(known, shape, parts.query);
      const note = noted.get(shape.key);
      if (note === 'unfit') return null;
      // A flood of shapes that never come again forgets the other notes, but no template.
      if (noted.size >= MAX_SHAPES) noted.clear();
      const template = note === 'seen' ? learn(shape, parts, catalog, config, mark) : null;
      if (!template) {
        noted.set(shape.key, note === 'seen' ? 'unfit' : 'seen');
        return null;
      }
      const [oldest] = templates.size >= MAX_SHAPES ? templates.keys() : [];
      if (oldest !== undefined) templates.delete(oldest);
      templates.set(shape.key, template);
      return fill(template, shape, parts.query);
    },
  };
}

/** Reads of a relation, but for the longest. */
function mayRepeat({ method, path, query }: RequestParts): boolean {
  return method === 'GET' && query.length <= MAX_QUERY_LENGTH && path !== '/' && !path.startsWith('/rpc/');
}

/** Headers that change what a read compiles to. */
const HEADERS = ['accept', 'prefer', 'range', 'accept-profile'] as const;

function shapeOf({ path, query, headers }: RequestParts): Shape {
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
  let key = path;
  for (const name of HEADERS) key += `\n${headers[name] ?? HOLE}`;
  return { key: `${key}\n${parts.join('&')}`, parts, values };
}

/** Compiles with marks for values. Null when it does not compile, or when a value leaves no trace. */
function learn(
  shape: Shape,
  parts: RequestParts,
  catalog: Catalog,
  config: RestConfig,
  mark: string,
): Template | null {
  let holes = 0;
  const query = shape.parts.map(part => part.replace(HOLE, () => `${mark}-${holes++}.`)).join('&');
  try {
    const marked = { ...parts, query };
    const api = parseRequest(marked, parseTarget(marked, config), config);
    if (api.action.kind !== 'read') return null;
    const compiled = compileRead(api.action, api, catalog, config);
    const positions = compiled.statements.map(({ values }) =>
      shape.values.map((_value, i) => indexesOf(values, `${mark}-${i}.`)),
    );
    const isFit = shape.values.every((_value, i) => positions.some(each => (each[i] ?? []).length > 0));
    return isFit ? { api, compiled, positions } : null;
  } catch {
    // Refused: the request itself, compiled as it is, says why in its own words.
    return null;
  }
}

function indexesOf(values: readonly SqlValue[], wanted: string): number[] {
  return values.flatMap((value, i) => (value === wanted ? [i] : []));
}

function fill({ api, compiled, positions }: Template, shape: Shape, query: string): Prepared {
  const given = shape.values.map(decodeText);
  const statements = compiled.statements.map(({ text, values }, i): Sql => {
    if (given.length === 0) return { text, values };
    const filled = [...values];
    positions[i]?.forEach((indexes, hole) => {
      for (const index of indexes) filled[index] = given[hole] ?? null;
    });
    return { text, values: filled };
  });
  return {
    api: { ...api, query: { ...api.query, canonical: canonicalOf(query) } },
    compiled: { ...compiled, statements },
  };
}
