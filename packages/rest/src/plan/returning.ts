/**
 * Which columns a write or a function call must hand on, so that select, order, embeds and Location can be
 * made from them.
 */
import type { ReadNode, ReadPlan } from './types.ts';

/** Names in alphabetical order, or `['*']` for all. */
export function returnedColumns({ root }: ReadPlan, primaryKey: readonly string[]): readonly string[] {
  const names = new Set(root.select.map(term => term.field.name));
  // With all columns asked for, naming keys as well would return them twice.
  if (names.has('*')) return ['*'];
  // What a computed relationship's function reads of the row is not known.
  if (root.embeds.some(({ node }) => node.relationship?.kind === 'computed')) return ['*'];
  for (const { node } of root.embeds) for (const name of joinColumns(node)) names.add(name);
  for (const { embed, field } of root.order) if (embed === null) names.add(field.name);
  for (const name of primaryKey) names.add(name);
  return [...names].sort();
}

function joinColumns({ relationship: rel }: ReadNode): string[] {
  if (!rel || rel.kind === 'computed') return [];
  const pairs = rel.kind === 'many-to-many' ? rel.sourceKey.columns : rel.columns;
  return pairs.map(([source]) => source);
}
