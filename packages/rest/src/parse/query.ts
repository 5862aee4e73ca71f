/**
 * The query string: which parameter means what, and every value parsed.
 * @see https://docs.postgrest.org/en/stable/references/api/tables_views.html
 */
import { BoundedCache, detached } from '@peakstone/kernel/boundedCache';
import { requestErrors } from '../errors.ts';
import { columnFilters, logicPath, plainFilters } from './filter.ts';
import { columnList, treePath } from './names.ts';
import { orderTerms } from './order.ts';
import { type Parser, parse } from './parsec.ts';
import { rangeOf } from './range.ts';
import { selectForest } from './select.ts';
import type {
  EmbedPath,
  Field,
  Filter,
  LogicTree,
  OpExpr,
  OrderTerm,
  QueryDialect,
  QueryParams,
  Range,
  SelectItem,
} from './types.ts';

/** Parameters in one query string; more are refused, as each one costs parsing and planning. */
const MAX_PARAMETERS = 2000;

const RESERVED: ReadonlySet<string> = new Set(['select', 'columns', 'on_conflict']);
const EMBEDDABLE: ReadonlySet<string> = new Set(['order', 'limit', 'offset', 'and', 'or']);

/** Parses or refuses with PGRST100, quoting what was read: `"failed to parse order (x)" (line 1, column 1)`. */
function read<T>(parser: Parser<T>, text: string, what: string, quoted: string = text): T {
  const result = parse(parser, text);
  if ('value' in result) return result.value;
  const { location, details } = result.refusal;
  throw requestErrors.queryParam(`"failed to parse ${what} (${quoted})" ${location}`, details);
}

/** Of texts that `remembering` keeps, and what was read from them: what an application sends over and over is few and short. */
const REMEMBERED = { maxEntries: 1000, maxBytes: 2 * 1024 * 1024 };
/** Measured: 17 to 25 bytes for each character. */
const rememberedBytes = (text: string): number => 200 + 26 * text.length;
const MAX_REMEMBERED_LENGTH = 1024;

/** Parses each text once: `select` and `order` are part of an application's code and repeat, unlike values of filters. */
function remembering<T>(parser: Parser<T>, what: string): (text: string) => T {
  const known = new BoundedCache<T>(REMEMBERED);
  return text => {
    const found = known.get(text);
    if (found !== undefined) return found;
    if (text.length > MAX_REMEMBERED_LENGTH) return read(parser, text, what);
    const value = read(parser, detached(text), what);
    known.set(text, value, rememberedBytes(text));
    return value;
  };
}

const readSelectText = remembering<readonly SelectItem[]>(selectForest, 'select parameter');
const readOrder = remembering<readonly OrderTerm[]>(orderTerms, 'order');

const decoder = new TextDecoder();

/** Percent-decodes UTF-8; `+` is a blank, and a `%` without two hex digits is itself. */
export function decodeText(text: string): string {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text;
  return decodePercent(spaced);
}

/** Percent-decodes UTF-8. Never throws: bytes that are not UTF-8 become U+FFFD. */
export function decodePercent(text: string): string {
  if (!/[%\x80-\xff]/.test(text)) return text;
  try {
    if (!/[\x80-\xff]/.test(text)) return decodeURIComponent(text);
  } catch {
    // A stray % or bytes that are not UTF-8: decoded below, byte by byte.
  }
  const bytes = Buffer.from(
    text.replace(/%([0-9a-fA-F]{2})/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  );
  return decoder.decode(bytes);
}

/**
 * Names and values in order; the value is null where there is no `=`. Split at `&` and `;`, each of which may have
 * nothing before it, but for a last one. The form of query strings and of form bodies, byte by byte. Pure.
 */
export function splitPairs(text: string): readonly (readonly [name: string, value: string | null])[] {
  const parts = text.split(/[&;]/);
  if (parts.at(-1) === '') parts.pop();
  return parts.map(part => {
    const at = part.indexOf('=');
    return at < 0
      ? [decodeText(part), null]
      : [decodeText(part.slice(0, at)), decodeText(part.slice(at + 1))];
  });
}

function splitQuery(query: string): readonly (readonly [name: string, value: string | null])[] {
  if (query === '') return [];
  const pairs = splitPairs(query);
  if (pairs.length > MAX_PARAMETERS) {
    throw requestErrors.queryParam('too many query parameters', `At most ${MAX_PARAMETERS} are allowed.`);
  }
  return pairs;
}

/** Percent-encodes all but unreserved characters. */
export function encodeText(text: string): string {
  const encoded = encodeURIComponent(text.toWellFormed());
  return /[!'()*]/.test(encoded)
    ? encoded.replace(/[!'()*]/g, character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    : encoded;
}

/** Sorted by name; values of a repeated name follow the first, after commas. */
function canonicalQuery(pairs: readonly (readonly [string, string | null])[]): string {
  if (pairs.length === 0) return '';
  const byName = new Map<string, string[]>();
  for (const [name, value] of pairs) {
    const values = byName.get(name);
    if (values) values.push(value ?? '');
    else byName.set(name, [value ?? '']);
  }
  return [...byName]
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([name, values]) => `${encodeText(name)}=${values.map(encodeText).join(',')}`)
    .join('&');
}

const plainDialect: QueryDialect = { columnFilters: false, keyset: false };

const SIMPLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

function readPath(name: string): { readonly path: EmbedPath; readonly field: Field } {
  if (SIMPLE_NAME.test(name)) return { path: [], field: { name, path: [] } };
  return read(treePath, name, 'tree path');
}

function lastWord(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}

/** A query's parameters by what they are. Orders are read first, then logic trees, so that of several faults the reference's is told. */
interface SortedParameters {
  readonly reserved: ReadonlyMap<string, string | null>;
  readonly order: QueryParams['order'];
  readonly logic: QueryParams['logic'];
  readonly limits: ReadonlyMap<string, { readonly limit?: string; readonly offset?: string }>;
  /** Filters, or a function's arguments. */
  readonly others: readonly (readonly [name: string, value: string])[];
  readonly after: string | null;
}

/** Of `select`, `columns` and `on_conflict` the first counts. */
function sortParameters(
  pairs: readonly (readonly [string, string | null])[],
  dialect: QueryDialect,
  logicTree: Parser<LogicTree>,
): SortedParameters {
  const reserved = new Map<string, string | null>();
  const order: (readonly [EmbedPath, readonly OrderTerm[]])[] = [];
  const trees: (readonly [string, string])[] = [];
  const limits = new Map<string, { limit?: string; offset?: string }>();
  const others: (readonly [string, string])[] = [];
  let after: string | null = null;
  for (const [name, value] of pairs) {
    if (RESERVED.has(name)) {
      if (!reserved.has(name)) reserved.set(name, value);
      continue;
    }
    // A name without a value asks for nothing.
    if (value === null) continue;
    if (dialect.keyset && name === 'after') {
      after ??= value;
      continue;
    }
    const word = lastWord(name);
    switch (word) {
      case 'order':
        order.push([readPath(name).path, readOrder(value)]);
        break;
      case 'limit':
      case 'offset': {
        const level = name === word ? '' : name.slice(0, -word.length - 1);
        const found = limits.get(level) ?? {};
        found[word] = value;
        limits.set(level, found);
        break;
      }
      case 'and':
      case 'or':
        trees.push([name, value]);
        break;
      default:
        others.push([name, value]);
    }
  }
  const logic = trees.map(([name, value]) => {
    const { path, operator } = read(logicPath, name, 'logic path');
    return [path, read(logicTree, operator + value, 'logic tree', value)] as const;
  });
  return { reserved, order, logic, limits, others, after };
}

/**
 * Reads a query string. `acceptsArguments` is true for a function called by GET or HEAD, where a parameter whose value
 * starts with no operator is an argument. `dialect` allows more than the reference takes. Pure.
 * @throws {RestError} PGRST100 with the place and what was expected there.
 * @example parseQuery('id=eq.1&select=name', false).filters // [[[], { field: { name: 'id', … }, … }]]
 */
export function parseQuery(
  query: string,
  acceptsArguments: boolean,
  dialect: QueryDialect = plainDialect,
): QueryParams {
  const parsers = dialect.columnFilters ? columnFilters : plainFilters;
  const pairs = splitQuery(query);
  const { reserved, order, logic, limits, others, after } = sortParameters(pairs, dialect, parsers.logicTree);
  const columns = readColumns(reserved.get('columns'), 'columns parameter');
  const select = readSelectText(reserved.get('select') ?? '*');
  const readFilter = acceptsArguments ? parsers.filterOrArgument : parsers.filterExpression;
  const filters: (readonly [EmbedPath, Filter])[] = [];
  const params: (readonly [string, string])[] = [];
  for (const [name, value] of others) {
    const { path, field } = readPath(name);
    const expression: OpExpr | null = read<OpExpr | null>(readFilter, value, 'filter');
    if (expression) filters.push([path, { field, expression }]);
    else params.push([field.name, value]);
  }
  const ranges = new Map<string, Range>();
  for (const [level, { limit, offset }] of limits) ranges.set(level, rangeOf(limit, offset));
  return {
    canonical: canonicalQuery(pairs),
    params,
    select,
    filters,
    filterNames: new Set(others.map(([name]) => name)),
    logic,
    order,
    ranges,
    columns,
    onConflict: readColumns(reserved.get('on_conflict'), 'on_conflict parameter'),
    after,
  };
}

function readColumns(text: string | null | undefined, what: string): readonly string[] | null {
  return text === null || text === undefined ? null : read(columnList, text, what);
}

/** The canonical form of a query that is not otherwise read. */
export function canonicalOf(query: string): string {
  return canonicalQuery(splitQuery(query));
}

/** Whether a parameter of that name is a filter, rather than one with a meaning of its own. */
export function isFilterName(name: string): boolean {
  return !RESERVED.has(name) && !EMBEDDABLE.has(lastWord(name));
}

/** The embed path of a level's name in `QueryParams.ranges`. @throws {RestError} PGRST100 */
export function readLevel(level: string): EmbedPath {
  return level === '' ? [] : read(treePath, `${level}.limit`, 'tree path').path;
}
