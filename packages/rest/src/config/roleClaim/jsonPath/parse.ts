/**
 * Reads JSONPath as RFC 9535 defines it, within bounds. The functions match() and search() take their pattern only as a
 * literal, so that no token brings a regular expression along.
 * @see https://www.rfc-editor.org/rfc/rfc9535
 */
import { TextReader } from '../../textReader.ts';
import {
  type Comparison,
  type JsonPath,
  JsonPathError,
  type Operand,
  type Query,
  type Segment,
  type Selector,
  type Test,
} from './types.ts';

const maxPathLength = 4096;
const maxNesting = 32;
const maxPatternLength = 256;

/** @throws {JsonPathError} */
export function parseJsonPath(text: string): JsonPath {
  if (text.length > maxPathLength) throw new JsonPathError(maxPathLength, 'a shorter path');
  return new Parser(text).parse();
}

class Parser extends TextReader {
  #depth = 0;

  parse(): JsonPath {
    if (!this.skip('$')) throw this.#error("'$'");
    const path = this.#segments();
    if (this.at < this.text.length) throw this.#error("'.', '..', '[' or the end");
    return path;
  }

  #segments(): JsonPath {
    const segments: Segment[] = [];
    for (;;) {
      const before = this.at;
      this.#blank();
      if (this.skip('..')) {
        segments.push({
          isDescendant: true,
          selectors: this.peek('[') ? this.#bracketed() : [this.#shorthand()],
        });
      } else if (this.skip('.')) {
        segments.push({ isDescendant: false, selectors: [this.#shorthand()] });
      } else if (this.peek('[')) {
        segments.push({ isDescendant: false, selectors: this.#bracketed() });
      } else {
        this.at = before;
        return segments;
      }
    }
  }

  #shorthand(): Selector {
    if (this.skip('*')) return { kind: 'wildcard' };
    const name = this.take(/[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*/y);
    if (name === undefined) throw this.#error("a name or '*'");
    return { kind: 'name', name };
  }

  #bracketed(): readonly Selector[] {
    if (++this.#depth > maxNesting) throw this.#error('fewer nested brackets');
    this.skip('[');
    const selectors: Selector[] = [];
    do {
      this.#blank();
      selectors.push(this.#selector());
      this.#blank();
    } while (this.skip(','));
    if (!this.skip(']')) throw this.#error("',' or ']'");
    this.#depth--;
    return selectors;
  }

  #selector(): Selector {
    if (this.skip('*')) return { kind: 'wildcard' };
    if (this.skip('?')) {
      this.#blank();
      return { kind: 'filter', test: this.#or() };
    }
    if (this.peek('"') || this.peek("'")) return { kind: 'name', name: this.#string() };
    const start = this.#integer();
    const beforeColon = this.at;
    this.#blank();
    if (!this.skip(':')) {
      this.at = beforeColon;
      if (start === null) throw this.#error('a selector');
      return { kind: 'index', index: start };
    }
    this.#blank();
    const end = this.#integer();
    this.#blank();
    let step: number | null = null;
    if (this.skip(':')) {
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
      const before = this.at;
      this.#blank();
      if (!this.skip(operator)) {
        this.at = before;
        return tests.length === 1 ? tests[0]! : { kind, tests };
      }
      this.#blank();
      tests.push(next());
    }
  }

  #basic(): Test {
    if (++this.#depth > maxNesting) throw this.#error('fewer nested conditions');
    try {
      if (this.peek('!') && !this.peek('!=')) {
        this.skip('!');
        this.#blank();
        return { kind: 'not', test: this.#basic() };
      }
      if (this.skip('(')) {
        this.#blank();
        const test = this.#or();
        this.#blank();
        if (!this.skip(')')) throw this.#error("')'");
        return test;
      }
      const match = this.take(/(?:match|search)\(/y);
      return match === undefined ? this.#comparison() : this.#matches(match === 'match(');
    } finally {
      this.#depth--;
    }
  }

  #matches(isWhole: boolean): Test {
    this.#blank();
    const subject = this.#operand();
    this.#blank();
    if (!this.skip(',')) throw this.#error("','");
    this.#blank();
    const column = this.at + 1;
    if (!this.peek('"') && !this.peek("'")) throw this.#error('a literal pattern');
    const pattern = compilePattern(this.#string(), isWhole, column);
    this.#blank();
    if (!this.skip(')')) throw this.#error("')'");
    return { kind: 'matches', subject, pattern };
  }

  #comparison(): Test {
    const left = this.#operand();
    const before = this.at;
    this.#blank();
    const operator = this.take(/==|!=|<=|>=|<|>/y) as Comparison | undefined;
    if (operator === undefined) {
      this.at = before;
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
    if (this.peek('"') || this.peek("'")) return { kind: 'literal', value: this.#string() };
    if (this.peek('@') || this.peek('$')) return { kind: 'query', query: this.#query() };
    const call = this.take(/(?:length|count|value)\(/y);
    if (call !== undefined) return this.#call(call);
    const word = this.take(/(?:true|false|null)\b/y);
    if (word !== undefined) return { kind: 'literal', value: JSON.parse(word) };
    const number = this.take(/-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y);
    if (number === undefined)
      throw this.#error("'@', '$', a function, a string, a number, true, false or null");
    return { kind: 'literal', value: Number(number) };
  }

  #call(name: string): Operand {
    if (++this.#depth > maxNesting) throw this.#error('fewer nested calls');
    this.#blank();
    const argument = this.#operand();
    this.#blank();
    if (!this.skip(')')) throw this.#error("')'");
    this.#depth--;
    if (name === 'length(') return { kind: 'length', of: argument };
    if (argument.kind !== 'query') throw this.#error('a query as argument');
    return { kind: name === 'count(' ? 'count' : 'value', query: argument.query };
  }

  #query(): Query {
    const isRelative = this.skip('@') || !this.skip('$');
    return { isRelative, path: this.#segments() };
  }

  #integer(): number | null {
    const digits = this.take(/0|-?[1-9]\d{0,15}/y);
    if (digits === undefined) return null;
    const value = Number(digits);
    if (!Number.isSafeInteger(value)) throw this.#error('a smaller number');
    return value;
  }

  #string(): string {
    const column = this.at;
    const quoted = this.take(/"(?:[^"\\\x00-\x1f]|\\.)*"|'(?:[^'\\\x00-\x1f]|\\.)*'/y);
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
    this.take(/[ \t\r\n]*/y);
  }

  #error(expected: string): JsonPathError {
    return new JsonPathError(this.at + 1, expected);
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
