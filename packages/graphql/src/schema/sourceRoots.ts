/** All root fields of a source. */
import type { TableModel } from '../model/types.ts';
import type { SchemaContext } from './context.ts';
import { deleteRoots } from './delete.ts';
import { functionRoots } from './functionRoots.ts';
import { insertRoots } from './insert.ts';
import { nativeRoots } from './nativeRoots.ts';
import { connectionRoots } from './relay.ts';
import { selectRoots } from './roots.ts';
import { streamRoots } from './stream.ts';
import { listArguments, tableList, tableObject } from './table.ts';
import type { FieldDef } from './types.ts';
import { updateRoots } from './update.ts';

export interface Roots {
  readonly queries: readonly FieldDef[];
  readonly subscriptions: readonly FieldDef[];
  readonly mutations: readonly FieldDef[];
}

export function sourceRoots(context: SchemaContext): Roots {
  const queries: FieldDef[] = [];
  const subscriptions: FieldDef[] = [];
  const mutations: FieldDef[] = [];
  for (const table of context.source.tables.values()) {
    const own = tableRoots(context, table);
    queries.push(...own.queries);
    subscriptions.push(...own.subscriptions);
    mutations.push(...own.mutations);
  }
  for (const fn of context.source.functions) {
    const own = functionRoots(context, fn);
    if (fn.exposedAs === 'mutation') mutations.push(...own);
    else {
      queries.push(...own);
      subscriptions.push(...own);
    }
  }
  return { queries, subscriptions, mutations };
}

/** None for a table whose name GraphQL does not take. */
export function tableRoots(context: SchemaContext, table: TableModel): Roots {
  if (!table.isInGraphql) return { queries: [], subscriptions: [], mutations: [] };
  const isRelay = context.options.kind === 'relay';
  if (table.native) {
    const roots = isRelay ? [] : nativeRoots(context, table, { listArguments, tableList });
    return { queries: roots, subscriptions: roots, mutations: [] };
  }
  const connections = isRelay ? connectionRoots(context, table, { listArguments, tableObject }) : [];
  return {
    queries: isRelay ? connections : selectRoots(context, table, 'query'),
    subscriptions: isRelay
      ? connections
      : [...selectRoots(context, table, 'subscription'), ...streamRoots(context, table)],
    mutations: [
      ...insertRoots(context, table),
      ...updateRoots(context, table),
      ...deleteRoots(context, table),
    ],
  };
}
