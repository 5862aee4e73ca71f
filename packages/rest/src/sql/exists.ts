/**
 * Embeds that are asked about rather than shown: `select=id,orders()&orders=is.null`, `orders!inner(*)&orders.state=eq.open`.
 * Whether a row has related ones is a semi-join, or an anti-join, that PostgreSQL plans as it likes; building what is
 * related for every row, only to see whether there is any, is what an embed by itself would cost.
 */
import type { QualifiedName } from '@peakstone/kernel/catalog';
import { type Condition, type Embed, isAggregated, type ReadNode } from '../plan/types.ts';
import { conditionSql, joinSql, rangeSql } from './condition.ts';
import { type Parameters, qualified, quote } from './writer.ts';

/** What qualifies the node's columns. */
export function ownName(node: ReadNode): QualifiedName {
  return node.alias === null ? node.from : { schema: '', name: node.alias };
}

export function fromSql(node: ReadNode): string {
  const { relationship: rel } = node;
  const alias = node.alias === null ? '' : ` AS ${quote(node.alias)}`;
  if (rel?.kind === 'computed') {
    // The cast chooses the right one among overloads when the row comes from a CTE.
    const row = `${quote(node.parentRow ?? rel.source.name)}::${qualified(rel.source)}`;
    return `${qualified(rel.routine)}(${row})${alias}`;
  }
  const junction = rel?.kind === 'many-to-many' ? `, ${qualified(rel.junction)}` : '';
  return `${qualified(node.from)}${alias}${junction}`;
}

/**
 * Rows of the root without limit and order. Inner joins and null checks on embeds become EXISTS, which keeps one row
 * per row of the root.
 */
export function countSql(node: ReadNode, params: Parameters): string {
  const own = ownName(node);
  const where = [
    ...node.where.map(condition =>
      conditionSql(own, condition, params, (embed, isNull) => {
        const found = findEmbed(node, embed);
        return found ? `${isNull ? 'NOT ' : ''}${existsSql(found.node, params)}` : 'TRUE';
      }),
    ),
    ...node.joins.map(joinSql),
    ...node.embeds.filter(isInner).map(embed => existsSql(embed.node, params)),
  ];
  return `SELECT 1 FROM ${fromSql(node)}${where.length === 0 ? '' : ` WHERE ${where.join(' AND ')}`}`;
}

/** A limit of one row or more changes nothing, and PostgreSQL joins only what has none. */
function existsSql(node: ReadNode, params: Parameters): string {
  const { lower, upper } = node.range;
  const range = lower === 0 && upper >= 0 ? '' : rangeSql(node.range, params);
  return `EXISTS (${countSql(node, params)}${range})`;
}

/** Whether an embed is joined; one that is only asked about is not. */
export function isJoined(node: ReadNode, embed: Embed): boolean {
  if (embed.kind === 'spread' || !embed.isEmpty || !canBeTested(embed.node)) return true;
  if (isOrderedBy(node, embed.joinAlias)) return true;
  return !isInner(embed) && !isTested(node, embed.joinAlias);
}

/** What a level's rows must satisfy. */
export function whereSql(node: ReadNode, params: Parameters): readonly string[] {
  const own = ownName(node);
  const test = (embed: Embed, isNull: boolean): string =>
    `${isNull ? 'NOT ' : ''}${existsSql(embed.node, params)}`;
  return [
    ...node.joins.map(joinSql),
    ...node.where.map(condition =>
      conditionSql(own, condition, params, (alias, isNull) => {
        const found = findEmbed(node, alias);
        return found && isAskedApart(node, found, condition, isNull) ? test(found, isNull) : null;
      }),
    ),
    ...node.embeds
      .filter(embed => isInner(embed) && (!isJoined(node, embed) || isWorthAsking(embed)))
      .map(embed => test(embed, false)),
  ];
}

/**
 * Whether a null check is asked of the relation, rather than of the embed as it was built. Where an embed is built for
 * each row anyway, as below an `or`, a second look would only be added to the first.
 */
function isAskedApart(node: ReadNode, embed: Embed, condition: Condition, isNull: boolean): boolean {
  if (!isJoined(node, embed)) return true;
  if (condition.kind !== 'nullEmbed' || !isMany(embed) || !canBeTested(embed.node)) return false;
  return isNull || isWorthAsking(embed);
}

/** Whether asking first spares building: only where the rows of many are narrowed down, most rows may have none. */
function isWorthAsking(embed: Embed): boolean {
  const { node } = embed;
  return (
    isMany(embed) && canBeTested(node) && (node.where.length > 0 || node.embeds.some(each => isInner(each)))
  );
}

/** Aggregates without groups give a row where there is none. */
function canBeTested(node: ReadNode): boolean {
  return !isAggregated(node) && node.embeds.every(embed => canBeTested(embed.node));
}

const isMany = (embed: Embed): boolean =>
  embed.kind === 'json' ? !embed.toOne : embed.node.spread?.kind === 'to-many';

const isInner = ({ node }: Embed): boolean => node.joinType === 'inner';

const findEmbed = (node: ReadNode, alias: string): Embed | undefined =>
  node.embeds.find(each => each.joinAlias === alias);

function isOrderedBy({ order, spread }: ReadNode, alias: string): boolean {
  return (
    order.some(({ embed }) => embed === alias) ||
    (spread?.kind === 'to-many' && spread.orderSelect.some(({ embed }) => embed === alias))
  );
}

function isTested(node: ReadNode, alias: string): boolean {
  const tests = (condition: Condition): boolean =>
    condition.kind === 'logic'
      ? condition.conditions.some(tests)
      : condition.kind === 'nullEmbed' && condition.embed === alias;
  return node.where.some(tests);
}
