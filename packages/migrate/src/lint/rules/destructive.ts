import { isNew, keyOf, nameText, tableKey } from '../state/model.ts';
import { as, every, strings } from '../tree.ts';
import type { Rule } from './rule.ts';

const CLASS = 'destructive';

export const destructive: readonly Rule[] = [
  {
    code: 'DS101',
    title: 'drop schema',
    level: 'error',
    aliases: [CLASS, 'ban-drop-schema'],
    why: 'Everything in the schema goes with it, and no later migration brings it back.',
    safe: 'Move what is still needed elsewhere first (ALTER TABLE … SET SCHEMA), take a backup, and drop it in a release of its own.',
    *check({ node, schema }) {
      const drop = as(node, 'DropStmt');
      if (drop?.removeType !== 'OBJECT_SCHEMA') return;
      for (const name of strings(drop.objects))
        if (schema.schemas.get(name) !== schema.file) yield { message: `Drops schema ${name}` };
    },
  },
  {
    code: 'DS102',
    title: 'drop table',
    level: 'error',
    aliases: [CLASS, 'ban-drop-table'],
    why: 'Its rows are gone, and what still reads it fails.',
    safe: 'Stop using it first, rename it away for a while (ALTER TABLE … RENAME TO …_old), and drop it in a later release.',
    *check({ node, schema }) {
      const drop = as(node, 'DropStmt');
      if (drop?.removeType !== 'OBJECT_TABLE') return;
      for (const object of drop.objects ?? []) {
        const table = keyOf(schema, 'tables', strings(as(object, 'List')?.items));
        if (!isNew(schema, table)) yield { message: `Drops table ${nameText(table)}`, table };
      }
    },
  },
  {
    code: 'DS103',
    title: 'drop column',
    level: 'error',
    aliases: [CLASS, 'ban-drop-column', 'remove_column'],
    why: 'Its values are gone, and programs that still name it fail until they are replaced.',
    safe: 'Release programs that no longer name the column first, and drop it afterwards.',
    *check({ node, schema }) {
      const alter = as(node, 'AlterTableStmt');
      const table = tableKey(schema, alter?.relation);
      if (alter === undefined || isNew(schema, table)) return;
      for (const { subtype, name } of every(alter.cmds, 'AlterTableCmd'))
        if (subtype === 'AT_DropColumn')
          yield { message: `Drops column ${name} of ${nameText(table)}`, table };
    },
  },
  {
    code: 'DS104',
    title: 'drop database, truncate',
    level: 'error',
    aliases: [CLASS, 'ban-drop-database', 'ban-truncate-cascade'],
    why: 'Every row is gone; with CASCADE also those of all tables that have keys to it.',
    safe: 'Delete what is meant, in portions and outside of the migration, with a backup at hand.',
    *check({ node, schema, effects }) {
      const database = as(node, 'DropdbStmt');
      if (database) yield { message: `Drops database ${database.dbname}` };
      const truncate = as(node, 'TruncateStmt');
      if (truncate === undefined) return;
      const tables = effects.map(({ table }) => table).filter(table => !isNew(schema, table));
      if (tables.length > 0)
        yield {
          message: `Empties ${tables.map(nameText).join(', ')}`,
          ...(tables[0] && { table: tables[0] }),
        };
    },
  },
  {
    code: 'DS105',
    title: 'delete or update without where',
    level: 'warning',
    aliases: [CLASS, 'backfill'],
    why: 'Every row is written in one transaction: its locks are held to the end, the table doubles, and replicas fall behind.',
    safe: 'Write in portions of some thousand rows, each its own transaction, outside of the migration.',
    *check({ node, schema }) {
      const update = as(node, 'UpdateStmt');
      const remove = as(node, 'DeleteStmt');
      const statement = update ?? remove;
      if (statement === undefined || statement.whereClause !== undefined) return;
      const table = tableKey(schema, statement.relation);
      if (!isNew(schema, table))
        yield { message: `${update ? 'Updates' : 'Deletes'} every row of ${nameText(table)}`, table };
    },
  },
];
