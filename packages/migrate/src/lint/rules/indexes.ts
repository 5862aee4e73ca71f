import type { Node } from 'libpg-query';
import { isNew, keyOf, nameText, tableKey } from '../state/model.ts';
import { as, every, optionsOf, strings } from '../tree.ts';
import type { Rule } from './rule.ts';

/** What a statement does without a long lock, and outside of a transaction alone; undefined of all others. */
export function concurrentStep(node: Node): string | undefined {
  if (as(node, 'IndexStmt')?.concurrent) return 'CREATE INDEX CONCURRENTLY';
  if (as(node, 'DropStmt')?.concurrent) return 'DROP INDEX CONCURRENTLY';
  if (optionsOf(as(node, 'ReindexStmt')?.params).has('concurrently')) return 'REINDEX CONCURRENTLY';
  const detached = every(as(node, 'AlterTableStmt')?.cmds, 'AlterTableCmd').some(
    ({ def }) => as(def, 'PartitionCmd')?.concurrent,
  );
  return detached ? 'DETACH PARTITION CONCURRENTLY' : undefined;
}

const OUTSIDE: readonly (readonly [string, string])[] = [
  ['VacuumStmt', 'VACUUM'],
  ['CreatedbStmt', 'CREATE DATABASE'],
  ['DropdbStmt', 'DROP DATABASE'],
  ['CreateTableSpaceStmt', 'CREATE TABLESPACE'],
  ['AlterSystemStmt', 'ALTER SYSTEM'],
];

function outsideStep(node: Node): string | undefined {
  if (as(node, 'VacuumStmt') && as(node, 'VacuumStmt')?.is_vacuumcmd !== true) return undefined;
  return concurrentStep(node) ?? OUTSIDE.find(([kind]) => kind in node)?.[1];
}

export const indexes: readonly Rule[] = [
  {
    code: 'PG101',
    title: 'create index without concurrently',
    level: 'error',
    aliases: ['concurrent_index', 'require-concurrent-index-creation', 'add_index'],
    why: 'Writes wait until the index is built.',
    safe: '-- atlas:txmode none at the top of a file of its own, and CREATE INDEX CONCURRENTLY.',
    *check({ node, schema }) {
      const index = as(node, 'IndexStmt');
      if (index === undefined || index.concurrent) return;
      const table = tableKey(schema, index.relation);
      if (!isNew(schema, table))
        yield {
          message: `Builds index ${index.idxname ?? ''} on ${nameText(table)}`.replace('  ', ' '),
          table,
        };
    },
  },
  {
    code: 'PG102',
    title: 'drop index without concurrently',
    level: 'warning',
    aliases: ['concurrent_index', 'require-concurrent-index-deletion', 'remove_index'],
    why: 'It waits for every query on the table, and meanwhile everybody waits for it.',
    safe: '-- atlas:txmode none at the top of a file of its own, and DROP INDEX CONCURRENTLY.',
    *check({ node, schema }) {
      const drop = as(node, 'DropStmt');
      if (drop?.removeType !== 'OBJECT_INDEX' || drop.concurrent) return;
      for (const object of drop.objects ?? []) {
        const key = keyOf(schema, 'indexes', strings(as(object, 'List')?.items));
        const table = schema.indexes.get(key)?.table;
        if (table === undefined || !isNew(schema, table))
          yield { message: `Drops index ${nameText(key)}`, ...(table !== undefined && { table }) };
      }
    },
  },
  {
    code: 'PG103',
    title: 'concurrently inside a transaction',
    level: 'error',
    aliases: ['concurrent_index', 'ban-concurrent-index-creation-in-transaction'],
    why: 'PostgreSQL refuses it inside of a transaction (25001), and the file runs in one.',
    safe: 'Put -- atlas:txmode none at the top of the file, with an empty line below, and nothing else into the file.',
    *check({ node, file }) {
      const step = outsideStep(node);
      if (step !== undefined && file.inTransaction)
        yield { message: `${step} cannot run in this file’s transaction` };
    },
  },
  {
    code: 'PG104',
    title: 'txmode none with other statements beside the concurrent one',
    level: 'warning',
    aliases: ['concurrent_index', 'nestedtx'],
    why: 'Each statement commits by itself: a failure leaves the file half applied.',
    safe: 'Move the other statements into a file of their own.',
    *checkEnd({ nodes, inTransaction }) {
      if (inTransaction) return;
      const others = nodes.filter(node => as(node, 'VariableSetStmt') === undefined);
      const concurrent = nodes.findIndex(node => outsideStep(node) !== undefined);
      if (concurrent >= 0 && others.length > 1)
        yield {
          message: `${others.length} statements share a file without a transaction`,
          index: concurrent,
        };
    },
  },
  {
    code: 'PG105',
    title: 'reindex, refresh or detach without concurrently',
    level: 'warning',
    aliases: ['require-concurrent-reindex', 'require-concurrent-partition-detach'],
    why: 'Others wait until it is done.',
    safe: 'Say CONCURRENTLY (a materialized view needs a unique index for it), in a file with -- atlas:txmode none for REINDEX and DETACH.',
    *check({ node, schema, effects }) {
      const table = effects.find(effect => !isNew(schema, effect.table))?.table;
      const reindex = as(node, 'ReindexStmt');
      if (reindex && concurrentStep(node) === undefined)
        yield {
          message: `Rebuilds ${reindex.relation?.relname ?? reindex.name ?? 'indexes'}`,
          ...(table && { table }),
        };
      const refresh = as(node, 'RefreshMatViewStmt');
      if (refresh && !refresh.concurrent && !refresh.skipData && table)
        yield { message: `Refreshes ${nameText(table)}`, table };
      for (const { subtype, def } of every(as(node, 'AlterTableStmt')?.cmds, 'AlterTableCmd')) {
        const partition = as(def, 'PartitionCmd');
        if (subtype === 'AT_DetachPartition' && !partition?.concurrent && table)
          yield { message: `Detaches ${partition?.name?.relname} from ${nameText(table)}`, table };
      }
    },
  },
  {
    code: 'PG106',
    title: 'create index concurrently if not exists',
    level: 'warning',
    aliases: ['concurrent_index'],
    why: 'A build that failed leaves an INVALID index under the name, which IF NOT EXISTS then takes for the real one.',
    safe: 'DROP INDEX CONCURRENTLY IF EXISTS in a file before it, and CREATE INDEX CONCURRENTLY without IF NOT EXISTS.',
    *check({ node }) {
      const index = as(node, 'IndexStmt');
      if (index?.concurrent && index.if_not_exists)
        yield { message: `Takes any index named ${index.idxname} for this one, be it INVALID` };
    },
  },
];
