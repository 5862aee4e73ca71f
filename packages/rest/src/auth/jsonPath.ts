/**
 * JSONPath as RFC 9535 defines it, parsed once and evaluated within bounds. One file, because grammar and meaning are
 * read together; the functions match() and search() take their pattern only as a literal, so that no token brings a
 * regular expression along.
 * @see https://www.rfc-editor.org/rfc/rfc9535
 */

export type JsonPath = readonly Segment[];

interface Segment {
  readonly isDescendant: boolean;
  readonly selectors: readonly Selector[];
}

type Selector =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'wildcard' }
  | { readonly kind: 'index'; readonly index: number }
  | {
      readonly kind: 'slice';
      readonly start: number | null;
      readonly end: number | null;
      readonly step: number;
    }
  | { readonly kind: 'filter'; readonly test: Test };

type Test =
  | { readonly kind: 'or' | 'and'; readonly tests: readonly Test[] }
  | { readonly kind: 'not'; readonly test: Test }
  | { readonly kind: 'exists'; readonly query: Query }
  | { readonly kind: 'matches'; readonly subject: Operand; readonly pattern: RegExp }
  | {
      readonly kind: 'compare';
      readonly left: Operand;
      readonly operator: Comparison;
      readonly right: Operand;
    };

type Comparison = '==' | '!=' | '<=' | '>=' | '<' | '>';

interface Query {
  readonly isRelative: boolean;
  readonly path: JsonPath;
}

type Operand =
  | { readonly kind: 'literal'; readonly value: unknown }
  | { readonly kind: 'query'; readonly query: Query }
  | { readonly kind: 'length'; readonly of: Operand }
  | { readonly kind: 'count' | 'value'; readonly query: Query };

const maxPathLength = 4096;
const maxNesting = 32;
/** Nodes looked at while evaluating one path. */
const maxSteps = 100_000;
/** Longer strings never match a pattern. */
const maxSubjectLength = 4096;
const maxPatternLength = 256;

/** Where a path stops being one; `column` counts from 1. */
export class JsonPathError extends Error {
  override readonly name = 'JsonPathError';
  readonly column: number;
  constructor(column: number, expected: string) {
    super(`expecting ${expected}`);
    this.column = column;
  }
}

/** @throws {JsonPathError} */
export function parseJsonPath(text: string): JsonPath {
  if (text.length > maxPathLength) throw new JsonPathError(maxPathLength, 'a shorter path');
  return new Parser(text).parse();
}

/** The values a path selects, in the RFC's order; none when the bounds are exceeded. Pure. */
export function evaluateJsonPath(path: JsonPath, root: unknown): readonly unknown[] {
  return new Evaluation(root).select(path, root);
}

class Parser {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): JsonPath {
    if (!this.#skip('$')) throw this.#error("'$'");
    const path = this.#segments();
    if (this.#at < this.#text.length) throw this.#error("'.', '..', '[' or the end");
    return path;
  }

  #segments(): JsonPath {
    const segments: Segment[] = [];
    for (;;) {
      const before = this.#at;
      this.#blank();
      if (this.#skip('..')) {
        segments.push({
          isDescendant: true,
          selectors: this.#peek('[') ? this.#bracketed() : [this.#shorthand()],
        });
      } else if (this.#skip('.')) {
        segments.push({ isDescendant: false, selectors: [this.#shorthand()] });
      } else if (this.#peek('[')) {
        segments.push({ isDescendant: false, selectors: this.#bracketed() });
      } else {
        this.#at = before;
        return segments;
      }
    }
  }

  #shorthand(): Selector {
    if (this.#skip('*')) return { kind: 'wildcard' };
    const name = this.#take(/[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*/y);
    if (name === undefined) throw this.#error("a name or '*'");
    return { kind: 'name', name };
  }

  #bracketed(): readonly Selector[] {
    if (++this.#depth > maxNesting) throw this.#error('fewer nested brackets');
    this.#skip('[');
    const selectors: Selector[] = [];
    do {
      this.#blank();
      selectors.push(this.#selector());
      this.#blank();
    } while (this.#skip(','));
    if (!this.#skip(']')) throw this.#error("',' or ']'");
    this.#depth--;
    return selectors;
  }

  #selector(): Selector {
    if (this.#skip('*')) return { kind: 'wildcard' };
    if (this.#skip('?')) {
      this.#blank();
      return { kind: 'filter', test: this.#or() };
    }
    if (this.#peek('"') || this.#peek("'")) return { kind: 'name', name: this.#string() };
    const start = this.#integer();
    const beforeColon = this.#at;
    this.#blank();
    if (!this.#skip(':')) {
      this.#at = beforeColon;
      if (start === null) throw this.#error('a selector');
      return { kind: 'index', index: start };
    }
    this.#blank();
    const end = this.#integer();
    this.#blank();
    let step: number | null = null;
    if (this.#skip(':')) {
      this.#blank();
      step = this.#integer();
    }
    return { kind: 'slice', start, end, step: step ?? 1 };
  }

  #or(): Test {
    return this.#junction('or', '||', () => this.#junction('and', '&&', () => this.#basic()));
  }

  #junction(kind: 'or' | 'and', operator: string, next: () => Test): Test {
    const tests = [next()];
    for (;;) {
      const before = this.#at;
      this.#blank();
      if (!this.#skip(operator)) {
        this.#at = before;
        return tests.length === 1 ? tests[0]! : { kind, tests };
      }
      this.#blank();
      tests.push(next());
    }
  }

  #basic(): Test {
    if (++this.#depth > maxNesting) throw this.#error('fewer nested conditions');
    try {
      if (this.#peek('!') && !this.#peek('!=')) {
        this.#skip('!');
        this.#blank();
        return { kind: 'not', test: this.#basic() };
      }
      if (this.#skip('(')) {
        this.#blank();
        const test = this.#or();
        this.#blank();
        if (!this.#skip(')')) throw this.#error("')'");
        return test;
      }
      const match = this.#take(/(?:match|search)\(/y);
      return match === undefined ? this.#comparison() : this.#matches(match === 'match(');
    } finally {
      this.#depth--;
    }
  }

  #matches(isWhole: boolean): Test {
    this.#blank();
    const subject = this.#operand();
    this.#blank();
    if (!this.#skip(',')) throw this.#error("','");
    this.#blank();
    const column = this.#at + 1;
    if (!this.#peek('"') && !this.#peek("'")) throw this.#error('a literal pattern');
    const pattern = compilePattern(this.#string(), isWhole, column);
    this.#blank();
    if (!this.#skip(')')) throw this.#error("')'");
    return { kind: 'matches', subject, pattern };
  }

  #comparison(): Test {
    const left = this.#operand();
    const before = this.#at;
    this.#blank();
    const operator = this.#take(/==|!=|<=|>=|<|>/y) as Comparison | undefined;
    if (operator === undefined) {
      this.#at = before;
      if (left.kind !== 'query') throw this.#error('a comparison');
      return { kind: 'exists', query: left.query };
    }
    this.#blank();
    const right = this.#operand();
    for (const side of [left, right]) {
      if (side.kind === 'query' && !isSingular(side.query.path)) throw this.#error('a query for one value');
    }
    return { kind: 'compare', left, operator, right };
  }

  #operand(): Operand {
    if (this.#peek('"') || this.#peek("'")) return { kind: 'literal', value: this.#string() };
    if (this.#peek('@') || this.#peek('$')) return { kind: 'query', query: this.#query() };
    const call = this.#take(/(?:length|count|value)\(/y);
    if (call !== undefined) return this.#call(call);
    const word = this.#take(/(?:true|false|null)\b/y);
    if (word !== undefined) return { kind: 'literal', value: JSON.parse(word) };
    const number = this.#take(/-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y);
    if (number === undefined)
      throw this.#error("'@', '$', a function, a string, a number, true, false or null");
    return { kind: 'literal', value: Number(number) };
  }

  #call(name: string): Operand {
    if (++this.#depth > maxNesting) throw this.#error('fewer nested calls');
    this.#blank();
    const argument = this.#operand();
    this.#blank();
    if (!this.#skip(')')) throw this.#error("')'");
    this.#depth--;
    if (name === 'length(') return { kind: 'length', of: argument };
    if (argument.kind !== 'query') throw this.#error('a query as argument');
    return { kind: name === 'count(' ? 'count' : 'value', query: argument.query };
  }

  #query(): Query {
    const isRelative = this.#skip('@') || !this.#skip('$');
    return { isRelative, path: this.#segments() };
  }

  #integer(): number | null {
    const digits = this.#take(/0|-?[1-9]\d{0,15}/y);
    if (digits === undefined) return null;
    const value = Number(digits);
    if (!Number.isSafeInteger(value)) throw this.#error('a smaller number');
    return value;
  }

  #string(): string {
    const column = this.#at;
    const quoted = this.#take(/"(?:[^"\\\x00-\x1f]|\\.)*"|'(?:[^'\\\x00-\x1f]|\\.)*'/y);
    if (quoted === undefined) throw this.#error('a closing quote');
    const inner = quoted.slice(1, -1);
    // JSON has no single-quoted strings: exchange what must be escaped.
    const json = quoted[0] === '"' ? inner : inner.replace(/\\'|"/g, found => (found === '"' ? '\\"' : "'"));
    try {
      return JSON.parse(`"${json}"`) as string;
    } catch {
      throw new JsonPathError(column + 1, 'a valid escape');
    }
  }

  #blank(): void {
    this.#take(/[ \t\r\n]*/y);
  }

  #peek(text: string): boolean {
    return this.#text.startsWith(text, this.#at);
  }

  #skip(text: string): boolean {
    if (!this.#peek(text)) return false;
    this.#at += text.length;
    return true;
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #error(expected: string): JsonPathError {
    return new JsonPathError(this.#at + 1, expected);
  }
}

const isSingular = (path: JsonPath): boolean =>
  path.every(
    ({ isDescendant, selectors }) =>
      !isDescendant &&
      selectors.length === 1 &&
      (selectors[0]!.kind === 'name' || selectors[0]!.kind === 'index'),
  );

/** An I-Regexp is a subset of what JavaScript reads under `u`, except that its dot also spares `\r`. @see https://www.rfc-editor.org/rfc/rfc9485 */
function compilePattern(source: string, isWhole: boolean, column: number): RegExp {
  if (source.length > maxPatternLength) throw new JsonPathError(column, 'a shorter pattern');
  try {
    return new RegExp(isWhole ? `^(?:${source})$` : source, 'u');
  } catch {
    throw new JsonPathError(column, 'a regular expression');
  }
}

class Evaluation {
  readonly #root: unknown;
  #steps = 0;

  constructor(root: unknown) {
    this.#root = root;
  }

  select(path: JsonPath, start: unknown): readonly unknown[] {
    let nodes: readonly unknown[] = [start];
    for (const { isDescendant, selectors } of path) {
      const found: unknown[] = [];
      for (const node of nodes) {
        for (const origin of isDescendant ? this.#descendants(node) : [node]) {
          for (const selector of selectors) found.push(...this.#apply(selector, origin));
        }
      }
      nodes = found;
    }
    return this.#steps > maxSteps ? [] : nodes;
  }

  #descendants(start: unknown): readonly unknown[] {
    const found: unknown[] = [];
    const stack = [start];
    while (stack.length > 0 && ++this.#steps <= maxSteps) {
      const node = stack.pop();
      found.push(node);
      stack.push(...children(node).reverse());
    }
    return found;
  }

  #apply(selector: Selector, node: unknown): readonly unknown[] {
    if (++this.#steps > maxSteps) return [];
    switch (selector.kind) {
      case 'name':
        return isObject(node) && Object.hasOwn(node, selector.name) ? [node[selector.name]] : [];
      case 'wildcard':
        return children(node);
      case 'index': {
        if (!Array.isArray(node)) return [];
        const index = selector.index < 0 ? node.length + selector.index : selector.index;
        return index >= 0 && index < node.length ? [node[index]] : [];
      }
      case 'slice':
        return Array.isArray(node) ? slice(node, selector.start, selector.end, selector.step) : [];
      case 'filter':
        return children(node).filter(child => this.#holds(selector.test, child));
    }
  }

  #holds(test: Test, current: unknown): boolean {
    switch (test.kind) {
      case 'or':
        return test.tests.some(item => this.#holds(item, current));
      case 'and':
        return test.tests.every(item => this.#holds(item, current));
      case 'not':
        return !this.#holds(test.test, current);
      case 'exists':
        return this.#query(test.query, current).length > 0;
      case 'matches': {
        const subject = this.#value(test.subject, current);
        return (
          typeof subject === 'string' && subject.length <= maxSubjectLength && test.pattern.test(subject)
        );
      }
      case 'compare':
        return compare(this.#value(test.left, current), test.operator, this.#value(test.right, current));
    }
  }

  #query(query: Query, current: unknown): readonly unknown[] {
    return this.select(query.path, query.isRelative ? current : this.#root);
  }

  /** `undefined` is the RFC's Nothing. */
  #value(operand: Operand, current: unknown): unknown {
    switch (operand.kind) {
      case 'literal':
        return operand.value;
      case 'query':
      case 'value': {
        const nodes = this.#query(operand.query, current);
        return nodes.length === 1 ? nodes[0] : undefined;
      }
      case 'count':
        return this.#query(operand.query, current).length;
      case 'length': {
        const value = this.#value(operand.of, current);
        if (typeof value === 'string') return [...value].length;
        if (Array.isArray(value)) return value.length;
        return isObject(value) ? Object.keys(value).length : undefined;
      }
    }
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const children = (node: unknown): unknown[] =>
  Array.isArray(node) ? [...node] : isObject(node) ? Object.values(node) : [];

function slice(items: readonly unknown[], start: number | null, end: number | null, step: number): unknown[] {
  if (step === 0) return [];
  const { length } = items;
  const bound = (value: number, low: number, high: number): number =>
    Math.min(Math.max(value < 0 ? length + value : value, low), high);
  const found: unknown[] = [];
  if (step > 0) {
    const upper = end === null ? length : bound(end, 0, length);
    for (let i = bound(start ?? 0, 0, length); i < upper; i += step) found.push(items[i]);
  } else {
    const lower = end === null ? -1 : bound(end, -1, length - 1);
    for (let i = start === null ? length - 1 : bound(start, -1, length - 1); i > lower; i += step)
      found.push(items[i]);
  }
  return found;
}

function compare(left: unknown, operator: Comparison, right: unknown): boolean {
  switch (operator) {
    case '==':
      return isEqual(left, right);
    case '!=':
      return !isEqual(left, right);
    case '<':
      return isLess(left, right);
    case '>':
      return isLess(right, left);
    case '<=':
      return isLess(left, right) || isEqual(left, right);
    case '>=':
      return isLess(right, left) || isEqual(left, right);
  }
}

const isLess = (a: unknown, b: unknown): boolean =>
  (typeof a === 'number' && typeof b === 'number' && a < b) ||
  (typeof a === 'string' && typeof b === 'string' && a < b);

/** Deep, with members in any order. Depth is bounded by the JSON that was parsed. */
function isEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, i) => isEqual(item, b[i]));
  }
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every(key => Object.hasOwn(b, key) && isEqual(a[key], b[key]))
  );
}
