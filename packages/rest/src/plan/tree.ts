/** The first half of planning a read: the tree of embeds as requested, with filters, orders and ranges on their levels. */
import type { QualifiedName, Relationship } from '@peakstone/kernel/catalog';
import { requestErrors } from '../errors.ts';
import { readLevel } from '../parse/query.ts';
import { allRows } from '../parse/range.ts';
import type {
  EmbedPath,
  Filter,
  JoinType,
  LogicTree,
  OrderTerm,
  QueryParams,
  Range,
  SelectField,
  SelectItem,
} from '../parse/types.ts';

/** A level of the request before its names are resolved. Filled in place while the tree is built, then only read. */
export interface Draft {
  readonly name: string;
  readonly alias: string | null;
  readonly hint: string | null;
  readonly joinType: JoinType | null;
  readonly spread: boolean;
  readonly depth: number;
  readonly fields: readonly SelectField[];
  /** In select order, those that a parameter addresses before the others: the order of keys in the response. */
  readonly children: Draft[];
  readonly filters: Filter[];
  readonly logic: LogicTree[];
  order: readonly OrderTerm[];
  range: Range;
  /** Set once relationships are resolved. */
  relationship: Relationship | null;
  table: QualifiedName;
}

export function draftTree(table: QualifiedName, select: readonly SelectItem[]): Draft {
  return draft(
    { name: table.name, alias: null, hint: null, joinType: null, spread: false },
    select,
    0,
    table,
  );
}

function draft(
  head: Pick<Draft, 'name' | 'alias' | 'hint' | 'joinType' | 'spread'>,
  select: readonly SelectItem[],
  depth: number,
  table: QualifiedName,
): Draft {
  const fields: SelectField[] = [];
  const children: Draft[] = [];
  for (const item of select) {
    if (item.kind === 'field') {
      fields.push(item);
      continue;
    }
    const { relation: name, alias, hint, joinType, spread } = item;
    children.push(
      draft({ name, alias, hint, joinType, spread }, item.select, depth + 1, { schema: table.schema, name }),
    );
  }
  return {
    ...head,
    depth,
    fields,
    children,
    filters: [],
    logic: [],
    order: [],
    range: allRows,
    relationship: null,
    table,
  };
}

/** Which of the query's parts apply, and how embeds may be named. */
export interface Placement {
  /** False after a write: its filters have chosen the rows written, and only those of embeds are left for the read. */
  readonly filtersRoot: boolean;
  /** False after a write, whose result is never cut. */
  readonly appliesRanges: boolean;
  /** The request's own rows, after the Range header. */
  readonly range: Range;
  /** Setting `url-use-legacy-target-names`: an aliased embed may still be addressed by its relation's name. */
  readonly allowsLegacyNames: boolean;
}

/**
 * Puts filters, orders, ranges and logic trees on the levels they name.
 * @returns the embeds that were addressed by name although they have an alias.
 * @throws {RestError} PGRST108 for a level that is not embedded.
 */
export function placeParameters(
  root: Draft,
  query: QueryParams,
  placement: Placement,
): readonly (readonly [name: string, alias: string])[] {
  const legacy = new Set<Draft>();
  const at = (path: EmbedPath): Draft => findLevel(root, path, placement.allowsLegacyNames, legacy);
  // From the last to the first, so that of several bad parameters the same one is reported as by the reference.
  for (const [path, filter] of query.filters.toReversed()) {
    if (path.length > 0 || placement.filtersRoot) at(path).filters.unshift(filter);
  }
  for (const [path, terms] of query.order.toReversed()) at(path).order = terms;
  if (placement.appliesRanges) {
    for (const [level, range] of query.ranges) if (level !== '') at(readLevel(level)).range = range;
    root.range = placement.range;
  }
  for (const [path, tree] of query.logic.toReversed()) {
    if (path.length > 0 || placement.filtersRoot) at(path).logic.unshift(tree);
  }
  if (legacy.size === 0) return [];
  return inSelectOrder(root)
    .filter(draft => legacy.has(draft))
    .map(({ name, alias }) => [name, alias ?? name] as const);
}

const inSelectOrder = (draft: Draft): readonly Draft[] => [draft, ...draft.children.flatMap(inSelectOrder)];

function findLevel(root: Draft, path: EmbedPath, allowsLegacyNames: boolean, legacy: Set<Draft>): Draft {
  let level = root;
  for (const step of path) {
    const byName = (child: Draft): boolean => child.name === step;
    const index = level.children.findIndex(
      child => (child.alias ?? child.name) === step || (allowsLegacyNames && byName(child)),
    );
    const [found] = index < 0 ? [] : level.children.splice(index, 1);
    if (!found) {
      const aliased = level.children.find(child => byName(child) && child.alias !== null);
      throw requestErrors.notEmbedded(
        step,
        aliased?.alias ? { name: aliased.name, alias: aliased.alias } : undefined,
      );
    }
    level.children.unshift(found);
    if (found.alias !== null && found.alias !== step) legacy.add(found);
    level = found;
  }
  return level;
}
