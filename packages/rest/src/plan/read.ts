/**
 * Planning a read: relationships, join conditions, stars, aliases, spreads and aggregates.
 * @see https://docs.postgrest.org/en/stable/references/api/resource_embedding.html
 */
import type { Catalog, QualifiedName, Relationship } from '@peakstone/kernel/catalog';
import { requestErrors } from '../errors.ts';
import { capRange, isAllRows } from '../parse/range.ts';
import type { QueryParams, Range, SelectField } from '../parse/types.ts';
import { applyAggregates } from './aggregate.ts';
import {
  hasOutputTransform,
  resolveFilter,
  resolveLogic,
  resolveOrderField,
  resolveOutput,
  resolveOutputColumn,
  type Scope,
  scopeOf,
} from './field.ts';
import { findRelationship, isToOne } from './relationship.ts';
import { type Draft, draftTree, type Placement, placeParameters } from './tree.ts';
import {
  type Condition,
  type Embed,
  type JoinCondition,
  type ReadNode,
  type ReadPlan,
  type ResolvedOrder,
  type SelectTerm,
  SOURCE_CTE,
  type Spread,
} from './types.ts';

/** PostgreSQL cuts names off after 63 bytes, which would make long aliases collide. */
const MAX_NAME_BYTES = 63;

export interface ReadContext {
  readonly catalog: Catalog;
  /** The request's schema: embeds live in it. */
  readonly schema: string;
  readonly exposedSchemas: readonly string[];
  readonly maxRows: number | null;
  readonly aggregatesEnabled: boolean;
  /** Whether rows come from `SOURCE_CTE` rather than from the relation itself. */
  readonly readsSource: boolean;
  readonly placement: Placement;
}

/**
 * Resolves what a query reads from `table`. Pure.
 * @throws {RestError} PGRST108, PGRST118, PGRST123, PGRST127, PGRST200, PGRST201
 */
export function planRead(table: QualifiedName, query: QueryParams, context: ReadContext): ReadPlan {
  const draft = draftTree(table, query.select);
  const legacyTargets = placeParameters(draft, query, context.placement);
  if (draft.children.length > 0) relate(draft, context);
  let count = 0;
  const nextId = (): number => ++count;
  const root = planNode(draft, null, false, context, nextId);
  return { root: applyAggregates(root, context.aggregatesEnabled), legacyTargets };
}

/** Finds every embed's relationship, outer levels first. */
function relate(parent: Draft, context: ReadContext): void {
  for (const child of parent.children) {
    child.relationship = findRelationship(
      context.catalog,
      context.exposedSchemas,
      context.schema,
      parent.table.name,
      child.name,
      child.hint,
    );
    child.table = child.relationship.target;
    relate(child, context);
  }
}

function planNode(
  draft: Draft,
  parent: { readonly name: QualifiedName } | null,
  parentAggregates: boolean,
  context: ReadContext,
  nextId: () => number,
): ReadNode {
  const { relationship, table } = draft;
  const scope = scopeOf(context.catalog, table);
  const alias = aliasOf(draft, context);
  const from = relationship === null && context.readsSource ? SOURCE_CTE : table;
  const own: QualifiedName = alias === null ? from : { schema: '', name: alias };
  const isToManySpread = draft.spread && relationship !== null && !isToOne(relationship);
  const hasAggregates =
    parentAggregates || isToManySpread || draft.fields.some(field => field.aggregate !== null);
  const children = draft.children.map(child =>
    planNode(child, { name: own }, hasAggregates, context, nextId),
  );
  const hasNoColumns = from === SOURCE_CTE && scope.table?.columns.size === 0;
  const select = selectTerms(draft, scope, hasAggregates || hasNoColumns);
  const spread: Spread | null = !draft.spread
    ? null
    : isToManySpread
      ? { kind: 'to-many', orderSelect: [], order: [] }
      : { kind: 'to-one' };
  return {
    from,
    alias,
    table,
    ...(hasNoColumns ? { hasNoColumns } : {}),
    select,
    where: conditions(draft, scope, children),
    order: orders(draft, scope, children),
    range: context.placement.appliesRanges ? capped(draft, context.maxRows) : draft.range,
    relationship,
    parentRow: relationship?.kind === 'computed' ? (parent?.name.name ?? null) : null,
    joins: relationship && parent ? joinConditions(relationship, own, parent.name) : [],
    joinType: draft.joinType,
    joinAlias: relationship ? joinAliasOf(draft, relationship, nextId) : '',
    name: draft.name,
    requestAlias: draft.alias,
    spread,
    embeds: children.map(embed),
  };
}

/**
 * The range within what the server allows. A key finds one row, and what a view repeats of it the outer level's limit
 * covers: a limit here would only keep PostgreSQL from joining the two relations in any other way than row by row.
 */
function capped({ relationship, range }: Draft, maxRows: number | null): Range {
  const isKeyed = relationship?.kind === 'many-to-one' || relationship?.kind === 'one-to-one';
  if (isKeyed && isAllRows(range) && maxRows !== null && maxRows > 0) return range;
  return capRange(maxRows, range);
}

/** Embeds are aliased by depth, so that a relation may occur on several levels. */
function aliasOf(draft: Draft, context: ReadContext): string | null {
  if (draft.relationship === null) return context.readsSource ? draft.table.name : null;
  return `${draft.table.name}_${draft.depth}`;
}

function joinAliasOf(draft: Draft, relationship: Relationship, nextId: () => number): string {
  const name = `${relationship.source.name}_${draft.alias ?? draft.name}_${draft.depth}`;
  const id = nextId();
  return Buffer.byteLength(name) <= MAX_NAME_BYTES ? name : `embed_${id}_${draft.depth}`;
}

function joinConditions(rel: Relationship, own: QualifiedName, parent: QualifiedName): JoinCondition[] {
  switch (rel.kind) {
    case 'computed':
      return [];
    case 'many-to-many':
      return [
        ...rel.targetKey.columns.map(([target, junction]) => ({
          left: rel.junction,
          leftColumn: junction,
          right: own,
          rightColumn: target,
        })),
        ...rel.sourceKey.columns.map(([source, junction]) => ({
          left: rel.junction,
          leftColumn: junction,
          right: parent,
          rightColumn: source,
        })),
      ];
    default:
      return rel.columns.map(([source, target]) => ({
        left: own,
        leftColumn: target,
        right: parent,
        rightColumn: source,
      }));
  }
}

function selectTerms(draft: Draft, scope: Scope, needsColumns: boolean): SelectTerm[] {
  const counted = (field: SelectField): boolean => draft.spread && field.aggregate === 'count';
  const isStar = (field: SelectField): boolean => field.field.name === '*' && field.field.path.length === 0;
  const expands =
    draft.fields.some(field => isStar(field) && (field.aggregate === null || counted(field))) &&
    (needsColumns || hasOutputTransform(scope));
  return draft.fields.flatMap((field): SelectTerm[] => {
    const { aggregate, aggregateCast, cast } = field;
    const base = { aggregate, aggregateCast, cast };
    if (expands && isStar(field) && aggregate === null) {
      const columns = scope.table ? [...scope.table.columns.values()] : [];
      return columns.map(column => {
        const resolved = resolveOutputColumn(scope, column);
        return { ...base, field: resolved, alias: resolved.transform ? column.name : null };
      });
    }
    const resolved = resolveOutput(scope, field.field, cast);
    const fullRow = expands && isStar(field) && counted(field);
    const alias = field.alias ?? automaticAlias(field, draft.spread, resolved.transform !== null);
    return [{ ...base, field: { ...resolved, fullRow }, alias }];
  });
}

/** What PostgreSQL cuts off at a zero byte must leave something. */
const isName = (text: string): boolean => text !== '' && !text.startsWith('\0');

/** Names for terms that PostgreSQL would not name after their field. */
function automaticAlias(field: SelectField, isSpread: boolean, isTransformed: boolean): string | null {
  if (field.aggregate !== null) return isSpread ? field.aggregate : null;
  const { name, path } = field.field;
  if (path.length > 0) {
    // `data->1->key->>2` shows as "key", `data->3` as "data"; a key that can be no name counts for nothing
    return (
      path.findLast(({ operand }) => operand.kind === 'key' && isName(operand.value))?.operand.value ?? name
    );
  }
  return isTransformed ? name : null;
}

function findEmbed(children: readonly ReadNode[], name: string): ReadNode | undefined {
  return children.find(child => (child.requestAlias ?? child.name) === name);
}

function conditions(draft: Draft, scope: Scope, children: readonly ReadNode[]): Condition[] {
  const resolved: Condition[] = draft.logic.map(tree => resolveLogic(scope, tree));
  for (const filter of draft.filters) resolved.push(resolveFilter(scope, filter));
  return children.length === 0 ? resolved : resolved.map(condition => asNullEmbed(condition, children));
}

/** `clients=is.null` asks about the embed when there is one of that name. */
function asNullEmbed(condition: Condition, children: readonly ReadNode[]): Condition {
  switch (condition.kind) {
    case 'nullEmbed':
    case 'columns':
      return condition;
    case 'logic':
      return { ...condition, conditions: condition.conditions.map(each => asNullEmbed(each, children)) };
    case 'filter': {
      const { field, expression } = condition;
      const { operation, negated } = expression;
      if (field.path.length > 0 || operation.kind !== 'is') return condition;
      if (operation.value !== 'null' && operation.value !== 'not_null') return condition;
      const found = findEmbed(children, field.name);
      if (!found) return condition;
      return { kind: 'nullEmbed', isNull: (operation.value === 'null') !== negated, embed: found.joinAlias };
    }
  }
}

function orders(draft: Draft, scope: Scope, children: readonly ReadNode[]): ResolvedOrder[] {
  return draft.order.map(({ relation, field, direction, nulls }) => {
    if (relation === null) {
      return { embed: null, field: resolveOrderField(scope, field), direction, nulls };
    }
    const found = findEmbed(children, relation);
    if (!found) throw requestErrors.notEmbedded(relation);
    if (!found.relationship || !isToOne(found.relationship)) {
      throw requestErrors.relatedOrderNotToOne(draft.table.name, found.requestAlias ?? found.name);
    }
    const resolved = resolveOrderField({ catalog: scope.catalog, table: undefined }, field);
    return { embed: found.joinAlias, field: { ...resolved, toJson: false }, direction, nulls };
  });
}

function embed(node: ReadNode): Embed {
  const { joinAlias, relationship } = node;
  if (node.spread) return { kind: 'spread', node, joinAlias, terms: spreadTerms(node) };
  return {
    kind: 'json',
    node,
    joinAlias,
    name: node.requestAlias ?? node.name,
    toOne: relationship !== null && isToOne(relationship),
    isEmpty: selectsNothing(node),
  };
}

function selectsNothing(node: ReadNode): boolean {
  return node.select.length === 0 && node.embeds.every(each => selectsNothing(each.node));
}

/** The columns a spread brings up: its own fields, its embeds, and what it spreads itself. */
function spreadTerms(child: ReadNode): { name: string; aggregate: null; aggregateCast: null; alias: null }[] {
  const plain = (name: string) => ({ name, aggregate: null, aggregateCast: null, alias: null }) as const;
  return [
    ...child.select.map(term => plain(term.alias ?? term.field.name)),
    ...child.embeds.flatMap(embed =>
      embed.kind === 'json' ? [plain(embed.name)] : embed.terms.map(term => plain(term.alias ?? term.name)),
    ),
  ];
}

/** Whether the request selects exactly the relation's rows, so that handlers for its row type apply. */
export function hasDefaultSelect({ root }: ReadPlan): boolean {
  const [only] = root.select;
  return root.select.length === 1 && root.embeds.length === 0 && only?.field.name === '*';
}
