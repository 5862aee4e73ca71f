/** What a statement locks, as measured on PostgreSQL 17.10 (test/lint/locks.test.ts measures again). Pure. */
import type { Node } from 'libpg-query';
import { keyOf, type Schema, tableKey } from '../state/model.ts';
import { as, every, optionsOf, strings } from '../tree.ts';
import { alterTableEffects, referencedBy, referencing, type Session, tablesOf } from './alterTable.ts';
import { type Effect, isStronger, LOCK_MODES, type LockMode } from './modes.ts';

type Body<Kind extends string> =
  Extract<Node, Record<Kind, unknown>> extends Record<Kind, infer Found> ? Found : never;
type Measures = {
  readonly [Kind: string]: (schema: Schema, body: never, session: Session) => readonly Effect[];
};

/** One effect a table, the strongest lock of all; tables that the same file has made are nobody else's and left out. */
export function effectsOf(schema: Schema, node: Node, session: Session): readonly Effect[] {
  const all = Object.entries(MEASURES).flatMap(([kind, measure]) => {
    const body = (node as Record<string, unknown>)[kind];
    return body === undefined ? [] : measure(schema, body as never, session);
  });
  const merged = new Map<string, Effect>();
  for (const effect of all) {
    const before = merged.get(effect.table);
    merged.set(effect.table, before === undefined ? effect : join(before, effect));
  }
  return [...merged.values()];
}

function join(a: Effect, b: Effect): Effect {
  return {
    table: a.table,
    lock: isStronger(b.lock, a.lock) ? b.lock : a.lock,
    rewrites: a.rewrites === true || b.rewrites === true,
    scans: a.scans === true || b.scans === true,
    builds: a.builds === true || b.builds === true,
  };
}

const MEASURES: Measures = {
  AlterTableStmt(schema: Schema, body: Body<'AlterTableStmt'>, session: Session) {
    const key = tableKey(schema, body.relation);
    if (body.objtype === 'OBJECT_INDEX') return indexTable(schema, key, 'AccessExclusive');
    if (body.objtype === 'OBJECT_SEQUENCE' || body.objtype === 'OBJECT_VIEW') return [];
    return every(body.cmds, 'AlterTableCmd').flatMap(each => alterTableEffects(schema, key, each, session));
  },
  RenameStmt(schema: Schema, body: Body<'RenameStmt'>) {
    const relations = [
      'OBJECT_TABLE',
      'OBJECT_COLUMN',
      'OBJECT_TABCONSTRAINT',
      'OBJECT_VIEW',
      'OBJECT_MATVIEW',
    ];
    if (!relations.includes(body.renameType ?? '')) return [];
    return one(tableKey(schema, body.relation), 'AccessExclusive');
  },
  AlterObjectSchemaStmt(schema: Schema, body: Body<'AlterObjectSchemaStmt'>) {
    return body.objectType === 'OBJECT_TABLE' ? one(tableKey(schema, body.relation), 'AccessExclusive') : [];
  },
  DropStmt(schema: Schema, body: Body<'DropStmt'>) {
    return (body.objects ?? []).flatMap((object): Effect[] => {
      const parts = strings(as(object, 'List')?.items);
      switch (body.removeType) {
        case 'OBJECT_TABLE': {
          const key = keyOf(schema, 'tables', parts);
          return [key, ...referencing(schema, key), ...referencedBy(schema, key)].map(table => ({
            table,
            lock: 'AccessExclusive',
          }));
        }
        case 'OBJECT_INDEX':
          return indexTable(
            schema,
            keyOf(schema, 'indexes', parts),
            body.concurrent ? 'ShareUpdateExclusive' : 'AccessExclusive',
          );
        case 'OBJECT_TRIGGER':
        case 'OBJECT_POLICY':
        case 'OBJECT_RULE':
          return one(keyOf(schema, 'tables', parts.slice(0, -1)), 'AccessExclusive');
        default:
          return [];
      }
    });
  },
  CreateStmt(schema: Schema, body: Body<'CreateStmt'>) {
    const foreign = [
      ...every(body.tableElts, 'Constraint'),
      ...every(body.tableElts, 'ColumnDef').flatMap(column => every(column.constraints, 'Constraint')),
    ].filter(({ contype }) => contype === 'CONSTR_FOREIGN');
    const parents = tablesOf(schema, body.inhRelations);
    const rest = body.partbound ? schema.tables.get(parents[0] ?? '')?.defaultPartition : undefined;
    return [
      ...foreign.map(
        ({ pktable }): Effect => ({ table: tableKey(schema, pktable), lock: 'ShareRowExclusive' }),
      ),
      ...parents.map(
        (table): Effect => ({ table, lock: body.partbound ? 'AccessExclusive' : 'ShareUpdateExclusive' }),
      ),
      ...(rest === undefined ? [] : [{ table: rest, lock: 'AccessExclusive', scans: true } as const]),
    ];
  },
  IndexStmt(schema: Schema, body: Body<'IndexStmt'>) {
    const table = tableKey(schema, body.relation);
    return [
      body.concurrent ? { table, lock: 'ShareUpdateExclusive' } : { table, lock: 'Share', builds: true },
    ];
  },
  ReindexStmt(schema: Schema, body: Body<'ReindexStmt'>) {
    const concurrently = optionsOf(body.params).has('concurrently');
    const lock = concurrently ? 'ShareUpdateExclusive' : 'Share';
    if (body.kind === 'REINDEX_OBJECT_TABLE')
      return [{ table: tableKey(schema, body.relation), lock, builds: !concurrently }];
    if (body.kind !== 'REINDEX_OBJECT_INDEX') return [];
    const parts = [body.relation?.schemaname, body.relation?.relname].filter(part => part !== undefined);
    return indexTable(schema, keyOf(schema, 'indexes', parts), lock).map(each => ({
      ...each,
      builds: !concurrently,
    }));
  },
  CreateTrigStmt: (schema: Schema, body: Body<'CreateTrigStmt'>) =>
    one(tableKey(schema, body.relation), 'ShareRowExclusive'),
  CreatePolicyStmt: (schema: Schema, body: Body<'CreatePolicyStmt'>) =>
    one(tableKey(schema, body.table), 'AccessExclusive'),
  AlterPolicyStmt: (schema: Schema, body: Body<'AlterPolicyStmt'>) =>
    one(tableKey(schema, body.table), 'AccessExclusive'),
  RuleStmt: (schema: Schema, body: Body<'RuleStmt'>) =>
    one(tableKey(schema, body.relation), 'AccessExclusive'),
  CreateStatsStmt: (schema: Schema, body: Body<'CreateStatsStmt'>) =>
    tablesOf(schema, body.relations).map(table => ({ table, lock: 'ShareUpdateExclusive' })),
  CommentStmt(schema: Schema, body: Body<'CommentStmt'>) {
    const parts = strings(as(body.object, 'List')?.items);
    if (body.objtype === 'OBJECT_TABLE') return one(keyOf(schema, 'tables', parts), 'ShareUpdateExclusive');
    if (body.objtype !== 'OBJECT_COLUMN') return [];
    return one(keyOf(schema, 'tables', parts.slice(0, -1)), 'ShareUpdateExclusive');
  },
  TruncateStmt(schema: Schema, body: Body<'TruncateStmt'>) {
    const named = tablesOf(schema, body.relations);
    const all = body.behavior === 'DROP_CASCADE' ? withDependents(schema, named) : named;
    return all.map(table => ({ table, lock: 'AccessExclusive', rewrites: true }));
  },
  ClusterStmt: (schema: Schema, body: Body<'ClusterStmt'>) =>
    body.relation
      ? [{ table: tableKey(schema, body.relation), lock: 'AccessExclusive', rewrites: true }]
      : [],
  VacuumStmt(schema: Schema, body: Body<'VacuumStmt'>) {
    const full = optionsOf(body.options).has('full');
    return every(body.rels, 'VacuumRelation').map(({ relation }) => ({
      table: tableKey(schema, relation),
      lock: full ? 'AccessExclusive' : 'ShareUpdateExclusive',
      rewrites: full,
    }));
  },
  RefreshMatViewStmt: (schema: Schema, body: Body<'RefreshMatViewStmt'>) => [
    {
      table: tableKey(schema, body.relation),
      lock: body.concurrent ? 'Exclusive' : 'AccessExclusive',
      rewrites: body.concurrent !== true,
    },
  ],
  LockStmt: (schema: Schema, body: Body<'LockStmt'>) =>
    // The parser counts modes from 1, weakest first.
    tablesOf(schema, body.relations).map(table => ({
      table,
      lock: LOCK_MODES[(body.mode ?? LOCK_MODES.length) - 1] ?? 'AccessExclusive',
    })),
  AlterDomainStmt(schema: Schema, body: Body<'AlterDomainStmt'>) {
    const constraint = as(body.def, 'Constraint');
    const scans =
      (body.subtype === 'C' && constraint?.skip_validation !== true) ||
      body.subtype === 'O' ||
      body.subtype === 'V';
    if (!scans) return [];
    const domain = keyOf(schema, 'domains', strings(body.typeName));
    const uses = (type: string) => keyOf(schema, 'domains', type.split('.')) === domain;
    return [...schema.tables]
      .filter(([, { columns }]) => [...columns.values()].some(({ type }) => uses(type.name)))
      .map(([table]): Effect => ({ table, lock: 'Share', scans: true }));
  },
  UpdateStmt: (schema: Schema, body: Body<'UpdateStmt'>) =>
    one(tableKey(schema, body.relation), 'RowExclusive'),
  DeleteStmt: (schema: Schema, body: Body<'DeleteStmt'>) =>
    one(tableKey(schema, body.relation), 'RowExclusive'),
  InsertStmt: (schema: Schema, body: Body<'InsertStmt'>) =>
    one(tableKey(schema, body.relation), 'RowExclusive'),
};

function one(table: string, lock: LockMode): Effect[] {
  return [{ table, lock }];
}

function indexTable(schema: Schema, index: string, lock: LockMode): Effect[] {
  const table = schema.indexes.get(index)?.table;
  return table === undefined ? [] : one(table, lock);
}

function withDependents(schema: Schema, tables: readonly string[]): string[] {
  const all = new Set(tables);
  // A set's iterator also visits what is added on the way.
  for (const table of all) for (const other of referencing(schema, table)) all.add(other);
  return [...all];
}
