/**
 * Aggregates: whether they are allowed, and where those of spreads are computed.
 *
 * `select=client_id,...invoices(total.sum())` groups by `client_id`: an aggregate in a to-one spread belongs to the
 * level that shows it, so it is hoisted there. To-many spreads aggregate into arrays already and take none.
 * @see https://docs.postgrest.org/en/stable/references/api/aggregate_functions.html
 */
import { requestErrors } from '../errors.ts';
import type { AggregateFunction } from '../parse/types.ts';
import {
  type Embed,
  isAggregated,
  type ReadNode,
  type ResolvedOrder,
  type SelectTerm,
  type Spread,
  unknownField,
} from './types.ts';

interface Hoisted {
  readonly joinAlias: string;
  readonly name: string;
  readonly aggregate: AggregateFunction;
  readonly aggregateCast: string | null;
  readonly alias: string | null;
}

/** @throws {RestError} PGRST123 when aggregates are off, PGRST127 for one in a to-many spread. */
export function applyAggregates(root: ReadNode, enabled: boolean): ReadNode {
  if (!enabled) refuseAggregates(root);
  return orderSpreads(hoist(root).node);
}

function refuseAggregates(node: ReadNode): void {
  if (node.select.some(term => term.aggregate !== null)) throw requestErrors.aggregatesNotAllowed();
  for (const embed of node.embeds) refuseAggregates(embed.node);
}

function hoist(node: ReadNode): { readonly node: ReadNode; readonly hoisted: readonly Hoisted[] } {
  if (node.embeds.length === 0 && node.spread?.kind !== 'to-one') return { node, hoisted: [] };
  const below = node.embeds.map(embed => hoist(embed.node));
  const fromBelow = below.flatMap(({ hoisted }) => hoisted);
  const embeds = node.embeds.map((embed, i): Embed => ({ ...embed, node: below[i]?.node ?? embed.node }));
  if (node.spread?.kind === 'to-one') {
    const own = node.select.flatMap(term => hoistTerm(node.joinAlias, term));
    const passedOn = fromBelow.map(each => ({ ...each, joinAlias: node.joinAlias }));
    const select = node.select.map(term => ({ ...term, aggregate: null, aggregateCast: null }));
    return { node: { ...node, select, embeds }, hoisted: [...own, ...passedOn] };
  }
  const lowered = fromBelow.length === 0 ? embeds : embeds.map(embed => lower(embed, fromBelow));
  return { node: { ...node, embeds: lowered }, hoisted: [] };
}

function hoistTerm(joinAlias: string, term: SelectTerm): Hoisted[] {
  const { aggregate, aggregateCast, alias, field } = term;
  return aggregate === null
    ? []
    : [{ joinAlias, name: alias ?? field.name, aggregate, aggregateCast, alias }];
}

/** Applies hoisted aggregates to the terms that show them. */
function lower(embed: Embed, hoisted: readonly Hoisted[]): Embed {
  if (embed.kind !== 'spread') return embed;
  const terms = embed.terms.map(term => {
    const found = hoisted.find(each => each.joinAlias === embed.joinAlias && each.name === term.name);
    if (!found) return term;
    const { aggregate, aggregateCast, alias } = found;
    return { ...term, aggregate, aggregateCast, alias };
  });
  return { ...embed, terms };
}

/**
 * In a to-many spread the order moves into the aggregation, whose subquery selects what is ordered by under names that
 * cannot collide with columns.
 */
function orderSpreads(node: ReadNode): ReadNode {
  if (node.embeds.length === 0 && node.spread?.kind !== 'to-many') return node;
  const embeds = node.embeds.map((embed): Embed => ({ ...embed, node: orderSpreads(embed.node) }));
  if (node.spread?.kind !== 'to-many') return { ...node, embeds };
  if (isAggregated(node)) {
    throw requestErrors.notImplemented(
      'Aggregates are not implemented for one-to-many or many-to-many spreads.',
    );
  }
  const orderSelect: Extract<Spread, { kind: 'to-many' }>['orderSelect'][number][] = [];
  const order = node.order.map(({ embed, field, direction, nulls }, i): ResolvedOrder => {
    const alias = `pgrst_order_${i + 1}`;
    orderSelect.push({ embed, term: { field, aggregate: null, aggregateCast: null, cast: null, alias } });
    return { embed: null, field: unknownField({ name: alias, path: [] }), direction, nulls };
  });
  return { ...node, embeds, order: [], spread: { kind: 'to-many', orderSelect, order } };
}
