/** Text of a template becomes its tree. Pure. */
import { type Expression, KritiError, type Span } from './types.ts';

/** Templates are the administrator's, but a bound keeps one that is nested without end off the stack. */
const maxDepth = 200;
const maxLength = 1024 * 1024;
const nameStart = /[A-Za-z_$]/;
const namePart = /[A-Za-z0-9_$]/;
const binaryLevels: readonly (readonly string[])[] = [
  ['??'],
  ['||'],
  ['&&'],
  ['==', '!=', '<=', '>=', '<', '>', 'in'],
];

/** @throws {KritiError} Parse Error */
export function parseTemplate(text: string): Expression {
  const parser = new Parser(text);
  const expression = parser.value();
  parser.end();
  return expression;
}

class Parser {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
    if (text.length > maxLength) this.#fail('The template is too long');
  }

  end(): void {
    this.#space();
    if (this.#at < this.#text.length) this.#fail(`Unexpected token '${this.#text[this.#at]}'`);
  }

  #span(from: number, to = this.#at): Span {
    const place = (at: number): readonly [number, number] => {
      const before = this.#text.slice(0, at);
      return [before.split('\n').length - 1, at - (before.lastIndexOf('\n') + 1) + 1];
    };
    const [line, start] = place(from);
    const [endLine, end] = place(to);
    return { line, start, endLine, end };
  }

  #fail(message: string, from = this.#at): never {
    throw new KritiError('Parse Error', message, this.#span(from, Math.min(from + 1, this.#text.length)));
  }

  #space(): void {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at++;
  }

  #is(text: string): boolean {
    this.#space();
    return this.#text.startsWith(text, this.#at);
  }

  #take(text: string): boolean {
    if (!this.#is(text)) return false;
    this.#at += text.length;
    return true;
  }

  #expect(text: string): void {
    if (!this.#take(text)) this.#fail(`Expected '${text}'`);
  }

  /** A word that ends where it ends. */
  #takeWord(word: string): boolean {
    if (!this.#is(word) || namePart.test(this.#text[this.#at + word.length] ?? '')) return false;
    this.#at += word.length;
    return true;
  }

  /** Inside of `{{` and outside: JSON. */
  value(): Expression {
    if (++this.#depth > maxDepth) this.#fail('The template is nested too deeply');
    this.#space();
    const from = this.#at;
    const expression = this.#value(from);
    this.#depth--;
    return expression;
  }

  #value(from: number): Expression {
    if (this.#take('{{')) return this.#block(from);
    if (this.#take('{')) return this.#object(from);
    if (this.#take('[')) return this.#array(from);
    if (this.#text[this.#at] === '"') return this.#string();
    return (
      this.#literal(from) ?? this.#fail(`Unexpected token '${this.#text[this.#at] ?? 'end of template'}'`)
    );
  }

  #literal(from: number): Expression | null {
    for (const [word, value] of [
      ['true', true],
      ['false', false],
      ['null', null],
    ] as const)
      if (this.#takeWord(word)) return { kind: 'literal', value, span: this.#span(from) };
    const number = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/.exec(this.#text.slice(this.#at, this.#at + 400))?.[0];
    if (number === undefined) return null;
    this.#at += number.length;
    return { kind: 'literal', value: Number(number), span: this.#span(from) };
  }

  #object(from: number): Expression {
    const members: (readonly [string, Expression])[] = [];
    if (!this.#take('}')) {
      do {
        this.#space();
        const key = this.#string();
        if (key.kind !== 'literal') this.#fail('A key must be a text');
        this.#expect(':');
        members.push([String(key.value), this.value()]);
      } while (this.#take(','));
      this.#expect('}');
    }
    return { kind: 'object', members, span: this.#span(from) };
  }

  #array(from: number): Expression {
    const items: Expression[] = [];
    if (!this.#take(']')) {
      do items.push(this.value());
      while (this.#take(','));
      this.#expect(']');
    }
    return { kind: 'array', items, span: this.#span(from) };
  }

  /** With expressions in it, or without. */
  #string(): Expression {
    const from = this.#at;
    this.#expect('"');
    const parts: (string | Expression)[] = [];
    let text = '';
    for (;;) {
      const next = this.#text[this.#at];
      if (next === undefined) this.#fail('Unterminated string', from);
      if (next === '"') break;
      if (this.#text.startsWith('{{', this.#at)) {
        this.#at += 2;
        if (text !== '') parts.push(text);
        text = '';
        parts.push(this.#expression());
        this.#expect('}}');
      } else text += this.#character(next);
    }
    this.#at++;
    const span = this.#span(from);
    if (parts.length === 0) return { kind: 'literal', value: text, span };
    if (text !== '') parts.push(text);
    return { kind: 'text', parts, span };
  }

  #character(next: string): string {
    if (next !== '\\') {
      this.#at++;
      return next;
    }
    const escaped = this.#text[this.#at + 1] ?? '';
    const plain = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f', '"': '"', '\\': '\\', '/': '/' }[escaped];
    if (plain !== undefined) {
      this.#at += 2;
      return plain;
    }
    const code = /^u([0-9a-fA-F]{4})/.exec(this.#text.slice(this.#at + 1, this.#at + 6))?.[1];
    if (code === undefined) this.#fail('Unknown escape in a string');
    this.#at += 6;
    return String.fromCharCode(Number.parseInt(code, 16));
  }

  /** After `{{`: a condition, a range, or an expression. */
  #block(from: number): Expression {
    if (this.#takeWord('if')) return this.#if(from);
    if (this.#takeWord('range')) return this.#range(from);
    const expression = this.#expression();
    this.#expect('}}');
    return expression;
  }

  #if(from: number): Expression {
    const branches: (readonly [Expression, Expression])[] = [];
    const branch = (): void => {
      const condition = this.#expression();
      this.#expect('}}');
      branches.push([condition, this.value()]);
      this.#expect('{{');
    };
    branch();
    while (this.#takeWord('elif')) branch();
    if (!this.#takeWord('else')) this.#fail("Expected 'else'");
    this.#expect('}}');
    const otherwise = this.value();
    this.#blockEnd();
    return { kind: 'if', branches, otherwise, span: this.#span(from) };
  }

  #blockEnd(): void {
    this.#expect('{{');
    if (!this.#takeWord('end')) this.#fail("Expected 'end'");
    this.#expect('}}');
  }

  #range(from: number): Expression {
    const first = this.#name();
    let index: string | null = null;
    let item = first;
    if (this.#take(',')) {
      index = first === '_' ? null : first;
      item = this.#name();
    }
    this.#expect(':=');
    const over = this.#expression();
    this.#expect('}}');
    const body = this.value();
    this.#blockEnd();
    return { kind: 'range', index, item, over, body, span: this.#span(from) };
  }

  #name(): string {
    this.#space();
    const from = this.#at;
    if (!nameStart.test(this.#text[this.#at] ?? '')) this.#fail('Expected a name');
    while (namePart.test(this.#text[this.#at] ?? '')) this.#at++;
    return this.#text.slice(from, this.#at);
  }

  #expression(level = 0): Expression {
    if (++this.#depth > maxDepth * 6) this.#fail('The template is nested too deeply');
    const operators = binaryLevels[level];
    let left = operators ? this.#expression(level + 1) : this.#postfix();
    this.#depth--;
    for (;;) {
      const from = this.#at;
      const operator = operators?.find(each => (each === 'in' ? this.#takeWord(each) : this.#take(each)));
      if (operator === undefined) return left;
      const right = this.#expression(level + 1);
      left = { kind: 'binary', operator, left, right, span: this.#span(from) };
    }
  }

  #postfix(): Expression {
    this.#space();
    const from = this.#at;
    let expression = this.#primary(from);
    for (;;) {
      const isOptional = this.#text[this.#at] === '?' && /[.[]/.test(this.#text[this.#at + 1] ?? '');
      if (isOptional) this.#at++;
      const next = this.#text[this.#at];
      if (next === '.' && nameStart.test(this.#text[this.#at + 1] ?? '')) {
        this.#at++;
        const at = this.#at;
        const key: Expression = { kind: 'literal', value: this.#name(), span: this.#span(at) };
        expression = { kind: 'member', of: expression, key, isOptional, span: this.#span(from) };
      } else if (next === '[') {
        this.#at++;
        const key = this.#text[this.#at] === "'" ? this.#quotedKey() : this.#expression();
        this.#expect(']');
        expression = { kind: 'member', of: expression, key, isOptional, span: this.#span(from) };
      } else if (isOptional) this.#fail("Unexpected token '?'");
      else return expression;
    }
  }

  #quotedKey(): Expression {
    const from = this.#at;
    const end = this.#text.indexOf("'", from + 1);
    if (end < 0) this.#fail('Unterminated key', from);
    this.#at = end + 1;
    return { kind: 'literal', value: this.#text.slice(from + 1, end), span: this.#span(from) };
  }

  #primary(from: number): Expression {
    if (this.#take('(')) {
      const expression = this.#expression();
      this.#expect(')');
      return expression;
    }
    const next = this.#text[this.#at] ?? '';
    if (next === '"' || next === '[' || next === '{') return this.value();
    const literal = this.#literal(from);
    if (literal) return literal;
    const name = this.#name();
    if (this.#text[this.#at] !== '(') return { kind: 'name', name, span: this.#span(from) };
    this.#at++;
    const argument = this.#expression();
    this.#expect(')');
    return { kind: 'call', name, argument, span: this.#span(from) };
  }
}
