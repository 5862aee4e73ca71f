/** How much a request asks for at once: what PostgreSQL needs to plan a statement grows with the square of it. */
import { beyondErrors } from '../errors.ts';
import type { LogicTree, QueryParams, SelectItem } from './types.ts';

export interface BreadthLimits {
  /** Related tables in `select`, on all levels; null allows any number. */
  readonly maxEmbeds: number | null;
  /** Columns, related tables, filters and order terms together; null allows any number. */
  readonly maxNodes: number | null;
}

/** @throws {RestError} PEAK132 for more related tables than `maxEmbeds`, PEAK131 for more of everything than `maxNodes`. */
export function assertBreadth(query: QueryParams, { maxEmbeds, maxNodes }: BreadthLimits): void {
  if (maxEmbeds === null && maxNodes === null) return;
  const embeds = countEmbeds(query.select);
  if (maxEmbeds !== null && embeds > maxEmbeds) throw beyondErrors.tooManyEmbeds(embeds, maxEmbeds);
  const nodes = countNodes(query);
  if (maxNodes !== null && nodes > maxNodes) throw beyondErrors.tooManyNodes(nodes, maxNodes);
}

function countEmbeds(items: readonly SelectItem[]): number {
  let embeds = 0;
  for (const item of items) if (item.kind === 'relation') embeds += 1 + countEmbeds(item.select);
  return embeds;
}

function countNodes({ select, filters, logic, order }: QueryParams): number {
  let nodes = countItems(select) + filters.length;
  for (const [, tree] of logic) nodes += countTree(tree);
  for (const [, terms] of order) nodes += terms.length;
  return nodes;
}

function countItems(items: readonly SelectItem[]): number {
  let count = items.length;
  for (const item of items) if (item.kind === 'relation') count += countItems(item.select);
  return count;
}

function countTree(tree: LogicTree): number {
  if (tree.kind === 'filter') return 1;
  let count = 1;
  for (const each of tree.trees) count += countTree(each);
  return count;
}
