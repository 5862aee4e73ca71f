/** Operations made up from a schema: most are well-formed and of the right types, some are not. */
import { type Field, type InputValue, type Introspected, namedType, type TypeRef } from './introspected.ts';

export type Random = () => number;

export interface MadeUp {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

const texts = [
  '',
  'One',
  '%',
  "'",
  '"',
  '\\',
  '\u0000',
  '🜚',
  '{a,b}',
  '$1',
  'null',
  "'; drop table note; --",
  'x'.repeat(300),
];
const numbers = ['0', '1', '-1', '2147483648', '9223372036854775808', '1e400', '0.1', '-0'];
const odd = ['null', '[]', '{}', '"x"', '1', 'true', 'OPEN', '[[1]]', '$undefined'];

const scalars: Readonly<Record<string, readonly string[]>> = {
  Int: numbers,
  Float: numbers,
  Boolean: ['true', 'false'],
  bigint: [...numbers, '"12"'],
  numeric: [...numbers, '"1.5"', '"NaN"'],
  float8: [...numbers, '"Infinity"'],
  timestamptz: ['"2024-01-01T00:00:00Z"', '"infinity"', '"not a time"'],
  date: ['"2024-02-29"', '"2023-02-29"'],
  uuid: ['"00000000-0000-4000-8000-000000000001"', '"no"'],
  jsonb: ['{a: [1, "x"]}', '"text"', '[]', '1', 'null'],
};

export class Operations {
  readonly #schema: Introspected;
  readonly #random: Random;
  #variables: Record<string, unknown> = {};
  #declared: string[] = [];
  /** What is left of an operation's size. */
  #budget = 0;

  constructor(schema: Introspected, random: Random) {
    this.#schema = schema;
    this.#random = random;
  }

  next(): MadeUp {
    this.#variables = {};
    this.#declared = [];
    this.#budget = 60;
    const kind = this.#chance(0.7) ? 'query' : 'mutation';
    const root = this.#schema.roots[kind] ?? this.#schema.roots.query!;
    const selection = this.#selection(root, 0);
    const declared = this.#declared.length > 0 ? `(${this.#declared.join(' ')})` : '';
    const query = `${kind} Made${declared} ${selection}`;
    return { query: this.#chance(0.03) ? this.#broken(query) : query, variables: this.#variables };
  }

  #selection(typeName: string, depth: number): string {
    const fields = this.#schema.types.get(typeName)?.fields ?? [];
    const parts: string[] = [];
    const wanted = depth === 0 ? 1 + this.#below(2) : 1 + this.#below(4);
    for (let i = 0; i < wanted && this.#budget > 0; i++) {
      const field = this.#pick(fields);
      if (field) parts.push(this.#field(field, i, depth));
    }
    if (parts.length === 0 || this.#chance(0.1)) parts.push('__typename');
    if (this.#chance(0.05)) return `{ ... on ${typeName} { ${parts.join(' ')} } }`;
    return `{ ${parts.join(' ')} }`;
  }

  #field(field: Field, index: number, depth: number): string {
    this.#budget--;
    const alias = this.#chance(0.9) ? `f${index}: ` : '';
    const args = field.args
      .filter(arg => arg.type.kind === 'NON_NULL' || this.#chance(0.35))
      .map(arg => `${arg.name}: ${this.#argument(arg, depth)}`);
    const directive = this.#chance(0.03)
      ? ` @${this.#pick(['skip', 'include'])}(if: ${this.#pick(['true', 'false'])})`
      : '';
    const below = this.#schema.types.get(namedType(field.type));
    const selection = below?.fields ? ` ${this.#selection(below.name, depth + 1)}` : '';
    return `${alias}${field.name}${args.length > 0 ? `(${args.join(', ')})` : ''}${directive}${selection}`;
  }

  #argument({ type }: InputValue, depth: number): string {
    if (!this.#chance(0.2)) return this.#value(type, depth);
    const name = `v${this.#declared.length}`;
    const value = toJson(this.#value(type, depth));
    if (value === undefined) return this.#value(type, depth);
    this.#declared.push(`$${name}: ${showType(type)}`);
    this.#variables[name] = value;
    return `$${name}`;
  }

  #value(type: TypeRef, depth: number): string {
    if (this.#budget-- < 0) return type.kind === 'LIST' ? '[]' : 'null';
    if (this.#chance(0.03)) return this.#pick(odd)!;
    if (type.kind === 'NON_NULL') return this.#value(type.ofType!, depth);
    if (type.kind === 'LIST')
      return `[${Array.from({ length: this.#below(3) }, () => this.#value(type.ofType!, depth + 1)).join(', ')}]`;
    const named = this.#schema.types.get(type.name ?? '');
    if (named?.enumValues) return this.#pick(named.enumValues)?.name ?? 'null';
    if (named?.inputFields) {
      if (depth > 7) return '{}';
      const members = named.inputFields.filter(
        each => each.type.kind === 'NON_NULL' || this.#chance(Math.min(0.6, 2 / named.inputFields!.length)),
      );
      return `{${members.map(each => `${each.name}: ${this.#value(each.type, depth + 1)}`).join(', ')}}`;
    }
    return this.#pick(scalars[type.name ?? ''] ?? texts.map(text => JSON.stringify(text)))!;
  }

  #broken(query: string): string {
    const at = this.#below(query.length);
    const more = this.#pick(['', '{', '}', '"', '$', '\u0000', '...', '@', '(', '\\u', '\ud800'])!;
    return query.slice(0, at) + more + query.slice(at + this.#below(3));
  }

  #chance(of: number): boolean {
    return this.#random() < of;
  }

  #below(end: number): number {
    return Math.floor(this.#random() * end);
  }

  #pick<Item>(items: readonly Item[]): Item | undefined {
    return items[this.#below(items.length)];
  }
}

function showType(type: TypeRef): string {
  if (type.kind === 'NON_NULL') return `${showType(type.ofType!)}!`;
  return type.kind === 'LIST' ? `[${showType(type.ofType!)}]` : (type.name ?? '');
}

/** A literal as JSON, where it is simply one. */
function toJson(literal: string): unknown {
  try {
    return JSON.parse(literal.replace(/([{,]\s*)(\w+):/g, '$1"$2":'));
  } catch {
    return undefined;
  }
}
