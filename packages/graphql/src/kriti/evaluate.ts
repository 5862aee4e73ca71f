/** Fills a template. Pure. */
import { functions } from './functions.ts';
import { type Expression, KritiError } from './types.ts';

/** Names, `$body` among them, and functions beside those of the language. */
export interface Scope {
  readonly names: Readonly<Record<string, unknown>>;
  readonly functions: Readonly<Record<string, KritiFunction>>;
}

/** @throws {Error} whose message says what is wrong with the argument */
export type KritiFunction = (argument: unknown) => unknown;

/** What one template may make: a range within a range grows as their product. */
const maxSteps = 1_000_000;

/** @throws {KritiError} */
export function evaluate(template: Expression, scope: Scope): unknown {
  return new Evaluation().run(template, scope);
}

class Evaluation {
  #steps = 0;

  run(expression: Expression, scope: Scope): unknown {
    if (++this.#steps > maxSteps)
      throw new KritiError('Type Error', 'The template takes too many steps', expression.span);
    switch (expression.kind) {
      case 'literal':
        return expression.value;
      case 'text':
        return expression.parts
          .map(part => (typeof part === 'string' ? part : this.#shown(part, scope)))
          .join('');
      case 'array':
        return expression.items.map(item => this.run(item, scope));
      case 'object':
        return Object.fromEntries(
          expression.members.map(([name, member]) => [name, this.run(member, scope)]),
        );
      case 'name':
        if (!Object.hasOwn(scope.names, expression.name)) throw notInScope(expression, expression.name);
        return scope.names[expression.name];
      case 'member':
        return this.#member(expression, scope);
      case 'call':
        return this.#call(expression, scope);
      case 'binary':
        return this.#binary(expression, scope);
      case 'if': {
        for (const [condition, then] of expression.branches)
          if (this.#truth(condition, scope)) return this.run(then, scope);
        return this.run(expression.otherwise, scope);
      }
      case 'range': {
        const { over, index, item, body } = expression;
        const list = this.run(over, scope);
        if (!Array.isArray(list))
          throw new KritiError('Type Error', `'${typeName(list)}' can not be iterated over`, over.span);
        return list.map((each: unknown, i) =>
          this.run(body, {
            ...scope,
            names: { ...scope.names, ...(index !== null && { [index]: i }), [item]: each },
          }),
        );
      }
    }
  }

  /** In a text: texts as they are, all else as JSON. */
  #shown(part: Expression, scope: Scope): string {
    const value = this.run(part, scope);
    if (typeof value === 'string') return value;
    if (value !== null && typeof value === 'object' && !JSON.stringify(value).match(/^-?\d/))
      throw new KritiError('Type Error', `Cannot interpolate type: '${typeName(value)}'.`, part.span);
    return JSON.stringify(value);
  }

  #member(expression: Expression & { readonly kind: 'member' }, scope: Scope): unknown {
    const { of, key, isOptional, span } = expression;
    const value = this.run(of, scope);
    const name = this.run(key, scope);
    const found =
      Array.isArray(value) && typeof name === 'number'
        ? value[name]
        : value !== null &&
            typeof value === 'object' &&
            typeof name === 'string' &&
            Object.hasOwn(value, name)
          ? (value as Record<string, unknown>)[name]
          : undefined;
    if (found !== undefined) return found;
    // What an optional step did not find stays null for the steps after it.
    if (isOptional || (value === null && endsOptional(of))) return null;
    throw new KritiError(
      'Lookup Error',
      value !== null && typeof value === 'object'
        ? `'${String(name)}' not found in object`
        : 'Expected object',
      span,
    );
  }

  #call(expression: Expression & { readonly kind: 'call' }, scope: Scope): unknown {
    const { name, argument } = expression;
    const fn = Object.hasOwn(scope.functions, name)
      ? scope.functions[name]
      : Object.hasOwn(functions, name)
        ? functions[name]
        : undefined;
    if (!fn) throw notInScope(expression, name);
    const value = this.run(argument, scope);
    try {
      return fn(value);
    } catch (error) {
      if (error instanceof KritiError) throw error;
      throw new KritiError('Function Error', (error as Error).message, argument.span);
    }
  }

  #binary(expression: Expression & { readonly kind: 'binary' }, scope: Scope): unknown {
    const { operator, left, right } = expression;
    switch (operator) {
      case '??':
        return this.run(left, scope) ?? this.run(right, scope);
      case '&&':
        return this.#truth(left, scope) && this.#truth(right, scope);
      case '||':
        return this.#truth(left, scope) || this.#truth(right, scope);
      default: {
        const [a, b] = [this.run(left, scope), this.run(right, scope)];
        return compare(operator, a, b, expression);
      }
    }
  }

  #truth(expression: Expression, scope: Scope): boolean {
    const value = this.run(expression, scope);
    if (typeof value !== 'boolean')
      throw new KritiError('Type Error', `'${typeName(value)}' is not a boolean`, expression.span);
    return value;
  }
}

function endsOptional(expression: Expression): boolean {
  return expression.kind === 'member' && (expression.isOptional || endsOptional(expression.of));
}

function compare(operator: string, a: unknown, b: unknown, { span }: Expression): boolean {
  if (operator === '==') return isEqual(a, b);
  if (operator === '!=') return !isEqual(a, b);
  if (operator === 'in') {
    if (Array.isArray(b)) return b.some(each => isEqual(a, each));
    if (b !== null && typeof b === 'object') return Object.hasOwn(b, String(a));
    throw new KritiError('Type Error', `'${typeName(b)}' has no members`, span);
  }
  if (typeof a !== typeof b || (typeof a !== 'number' && typeof a !== 'string'))
    throw new KritiError('Type Error', `'${typeName(a)}' and '${typeName(b)}' can not be compared`, span);
  const [left, right] = [a as number, b as number];
  switch (operator) {
    case '<':
      return left < right;
    case '>':
      return left > right;
    case '<=':
      return left <= right;
    default:
      return left >= right;
  }
}

function isEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>];
  const names = Object.keys(left);
  return (
    names.length === Object.keys(right).length &&
    names.every(name => Object.hasOwn(right, name) && isEqual(left[name], right[name]))
  );
}

function notInScope({ span }: Expression, name: string): KritiError {
  return new KritiError('Name Error', `Variable '${name}' not in scope`, span);
}

export function typeName(value: unknown): string {
  if (value === null) return 'Null';
  if (Array.isArray(value)) return 'Array';
  return { string: 'String', number: 'Number', boolean: 'Boolean' }[typeof value as string] ?? 'Object';
}
