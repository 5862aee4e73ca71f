/** Bounds on a document, told before it is worked on. */
import { type DocumentNode, Kind, type SelectionSetNode } from 'graphql/language/index.js';
import type { LimitsConfig } from '../config/types.ts';
import { HasuraError } from '../errors.ts';

interface Measured {
  readonly fields: number;
  /** Fields with a selection of their own. */
  readonly nodes: number;
  readonly depth: number;
}

const nothing: Measured = { fields: 0, nodes: 0, depth: 0 };

/**
 * Counts the fields of an operation, each as often as its fragments are spread, and how deep they nest; a fragment is
 * counted once and its count multiplied, so that a bomb costs no more than its text.
 * @throws {HasuraError} validation-failed for what is too much, and for fragments that spread themselves
 */
export function assertWithinLimits(
  document: DocumentNode,
  selections: SelectionSetNode,
  limits: LimitsConfig,
): void {
  const fragments = new Map(
    document.definitions.flatMap(each =>
      each.kind === Kind.FRAGMENT_DEFINITION ? [[each.name.value, each] as const] : [],
    ),
  );
  const known = new Map<string, Measured>();
  const open: string[] = [];
  const path: string[] = [];
  const measureSpread = (name: string): Measured => {
    const found = known.get(name);
    if (found) return found;
    const fragment = fragments.get(name);
    if (!fragment) return nothing;
    if (open.includes(name)) {
      const cycle = [...new Set([name, ...open.slice(open.indexOf(name) + 1)])];
      throw new HasuraError(
        'validation-failed',
        `the fragment definition(s) ${englishList(cycle)} form a cycle`,
        { path: [...path, 'selectionSet'] },
      );
    }
    open.push(name);
    path.push('selectionSet', name);
    const measured = measure(fragment.selectionSet);
    path.length -= 2;
    open.pop();
    known.set(name, measured);
    return measured;
  };
  const measure = (set: SelectionSetNode, level = 1): Measured => {
    if (level > limits.maxDepth) throw tooDeep(limits);
    let fields = 0;
    let nodes = 0;
    let depth = 0;
    for (const selection of set.selections) {
      if (selection.kind === Kind.FIELD) {
        path.push('selectionSet', selection.name.value);
        const below = selection.selectionSet ? measure(selection.selectionSet, level + 1) : nothing;
        path.length -= 2;
        fields += 1 + below.fields;
        nodes += below.nodes + (selection.selectionSet ? 1 : 0);
        depth = Math.max(depth, 1 + below.depth);
      } else {
        const below =
          selection.kind === Kind.INLINE_FRAGMENT
            ? measure(selection.selectionSet, level + 1)
            : measureSpread(selection.name.value);
        fields += below.fields;
        nodes += below.nodes;
        depth = Math.max(depth, below.depth);
      }
      if (fields > limits.maxFields)
        throw new HasuraError(
          'validation-failed',
          `the operation selects more than ${limits.maxFields} fields`,
        );
      if (limits.maxNodes !== null && nodes > limits.maxNodes)
        throw new HasuraError('validation-failed', `the operation has more than ${limits.maxNodes} nodes`);
    }
    return { fields, nodes, depth };
  };
  if (measure(selections).depth > limits.maxDepth) throw tooDeep(limits);
}

function tooDeep({ maxDepth }: LimitsConfig): HasuraError {
  return new HasuraError('validation-failed', `the operation is nested deeper than ${maxDepth} levels`);
}

function englishList(names: readonly string[]): string {
  const quoted = names;
  return quoted.length < 2 ? quoted.join('') : `${quoted.slice(0, -1).join(', ')} and ${quoted.at(-1)}`;
}
