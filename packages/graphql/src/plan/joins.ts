/** What is joined to an answer, by where in its selection it is asked for. Pure. */
import { hiddenName, type Join, type JoinTree } from '../joins/types.ts';
import type { ResolvedField, ResolvedSelection } from '../resolve/selection.ts';
import type { PlanContext } from './context.ts';
import { membersJoined } from './membersJoined.ts';
import { planRemoteJoin } from './remoteJoin.ts';
import { planTableJoin } from './tableJoin.ts';

/** Null where nothing is. @param contextOf of a source */
export function planJoins(
  selection: ResolvedSelection | null,
  contextOf: (source: string) => PlanContext,
): JoinTree | null {
  if (selection === null) return null;
  const fields = selection.kind === 'object' ? selection.fields : [...selection.possible.values()].flat();
  const joins = new Map<string, Join>();
  const below = new Map<string, JoinTree>();
  for (const field of fields) {
    const join = planJoin(field, contextOf);
    if (join) joins.set(field.alias, join);
    else {
      const tree = planJoins(field.selection, contextOf);
      if (tree) below.set(field.alias, tree);
    }
  }
  if (joins.size + below.size === 0) return null;
  return { hidden: membersJoined(fields).map(hiddenName), joins, below };
}

function planJoin(field: ResolvedField, contextOf: (source: string) => PlanContext): Join | null {
  const { means } = field.def;
  if (means.kind === 'tableJoin')
    return planTableJoin(contextOf(means.table.source), field, means.table, {
      kind: means.shape,
      keys: means.keys.map(([member, column]) => [hiddenName(member), column]),
      below: planJoins(field.selection, contextOf),
    });
  if (means.kind === 'remoteJoin') return planRemoteJoin(field, means, planJoins(field.selection, contextOf));
  return null;
}
