/** Compares answers: lists in order, objects by their members, and members of selection sets in the order asked for. */
import { type DocumentNode, Kind, parse, type SelectionSetNode } from 'graphql';

/** Where two values differ; null where they do not. */
export function difference(expected: unknown, actual: unknown, path = '$'): string | null {
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual)) return differs(path, expected, actual);
    if (expected.length !== actual.length)
      return `${path}: ${expected.length} entries expected, ${actual.length} given: ${show(actual)}`;
    for (let i = 0; i < expected.length; i++) {
      const found = difference(expected[i], actual[i], `${path}[${i}]`);
      if (found) return found;
    }
    return null;
  }
  if (isObject(expected)) {
    if (!isObject(actual)) return differs(path, expected, actual);
    // Errors first: they say why all else is missing.
    for (const name of new Set(['errors', ...Object.keys(expected), ...Object.keys(actual)])) {
      if (!(name in expected || name in actual)) continue;
      if (!(name in expected)) return `${path}.${name} is not expected: ${show(actual[name])}`;
      if (!(name in actual)) return `${path}.${name} is missing: ${show(expected[name])}`;
      const found = difference(expected[name], actual[name], `${path}.${name}`);
      if (found) return found;
    }
    return null;
  }
  return Object.is(expected, actual) ? null : differs(path, expected, actual);
}

function differs(path: string, expected: unknown, actual: unknown): string {
  return `${path}: ${show(expected)} expected, ${show(actual)} given`;
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 600 ? `${text.slice(0, 600)}…` : text;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

/** Where members of selection sets stand in another order than expected; null where they do not, or order does not count. */
export function orderDifference(expected: unknown, actual: unknown, query: unknown): string | null {
  const text = isObject(query) && typeof query.query === 'string' ? query.query : null;
  if (
    text === null ||
    /\.\.\./.test(text) ||
    !isObject(expected) ||
    !isObject(actual) ||
    'errors' in expected
  )
    return null;
  let document: DocumentNode;
  try {
    document = parse(text);
  } catch {
    // Not for us to judge: the answer was compared already.
    return null;
  }
  const operation = document.definitions.find(each => each.kind === Kind.OPERATION_DEFINITION);
  return operation ? walk(expected.data, actual.data, operation.selectionSet, '$.data') : null;
}

function walk(expected: unknown, actual: unknown, set: SelectionSetNode, path: string): string | null {
  if (Array.isArray(expected) && Array.isArray(actual)) {
    for (let i = 0; i < expected.length; i++) {
      const found = walk(expected[i], actual[i], set, `${path}[${i}]`);
      if (found) return found;
    }
    return null;
  }
  if (!isObject(expected) || !isObject(actual)) return null;
  const wanted = Object.keys(expected).join();
  const given = Object.keys(actual).join();
  if (wanted !== given) return `${path}: members in order ${wanted} expected, ${given} given`;
  for (const selection of set.selections) {
    if (selection.kind !== Kind.FIELD || !selection.selectionSet) continue;
    const name = selection.alias?.value ?? selection.name.value;
    const found = walk(expected[name], actual[name], selection.selectionSet, `${path}.${name}`);
    if (found) return found;
  }
  return null;
}
