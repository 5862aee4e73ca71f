/** Evaluates a JSONPath within bounds. @see https://www.rfc-editor.org/rfc/rfc9535 */
import type { Comparison, JsonPath, Operand, Query, Selector, Test } from './types.ts';

/** Nodes looked at while evaluating one path. */
const maxSteps = 100_000;
/** Longer strings never match a pattern. */
const maxSubjectLength = 4096;

/** The values a path selects, in the RFC's order; none when the bounds are exceeded. Pure. */
export function evaluateJsonPath(path: JsonPath, root: unknown): readonly unknown[] {
  return new Evaluation(root).select(path, root);
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
