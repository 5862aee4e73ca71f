import { isNew, keyOf, nameText, tableKey } from '../state/model.ts';
import { routineKey, routineOf } from '../state/track.ts';
import { as, every, strings } from '../tree.ts';
import type { Rule } from './rule.ts';

const CLASS = 'incompatible';

export const incompatible: readonly Rule[] = [
  {
    code: 'BC101',
    title: 'rename table',
    level: 'warning',
    aliases: [CLASS, 'renaming-table', 'rename_table'],
    why: 'Programs that run while the migration does, and clients of the API, know the old name.',
    safe: 'Leave a view under the old name: CREATE VIEW old WITH (security_invoker = true) AS SELECT * FROM new; drop it when nobody asks for it.',
    *check({ node, schema, file, index }) {
      const rename = as(node, 'RenameStmt');
      if (rename?.renameType !== 'OBJECT_TABLE' && rename?.renameType !== 'OBJECT_VIEW') return;
      const table = tableKey(schema, rename.relation);
      if (isNew(schema, table)) return;
      const keepsName = file.nodes.slice(index + 1).some(next => {
        const view = as(next, 'ViewStmt')?.view;
        return view !== undefined && tableKey(schema, view) === table;
      });
      if (!keepsName) yield { message: `Renames ${nameText(table)} to ${rename.newname}`, table };
    },
  },
  {
    code: 'BC102',
    title: 'rename column',
    level: 'warning',
    aliases: [CLASS, 'renaming-column', 'rename_column'],
    why: 'Programs that run while the migration does, and clients of the API, know the old name.',
    safe: 'Add the new column, write both, copy, read the new one, and drop the old one in a later release.',
    *check({ node, schema }) {
      const rename = as(node, 'RenameStmt');
      if (rename?.renameType !== 'OBJECT_COLUMN') return;
      const table = tableKey(schema, rename.relation);
      if (!isNew(schema, table))
        yield {
          message: `Renames column ${rename.subname} of ${nameText(table)} to ${rename.newname}`,
          table,
        };
    },
  },
  {
    code: 'BC103',
    title: 'rename schema, enum value or function argument',
    level: 'warning',
    aliases: [CLASS, 'rename_schema', 'rename_enum_value'],
    why: 'Programs that run while the migration does know the old name; an API calls functions by the names of their arguments.',
    safe: 'Add the new one beside the old one, move the programs, and remove the old one in a later release.',
    *check({ node, schema, file, index }) {
      const rename = as(node, 'RenameStmt');
      if (rename?.renameType === 'OBJECT_SCHEMA' && schema.schemas.get(rename.subname ?? '') !== schema.file)
        yield { message: `Renames schema ${rename.subname} to ${rename.newname}` };
      const alter = as(node, 'AlterEnumStmt');
      if (alter?.oldVal && alter.newVal) {
        const type = keyOf(schema, 'enums', strings(alter.typeName));
        if (schema.enums.get(type)?.madeIn !== schema.file)
          yield { message: `Renames value ${alter.oldVal} of ${nameText(type)} to ${alter.newVal}` };
      }
      const routine = as(node, 'CreateFunctionStmt');
      if (routine === undefined) return;
      const key = routineKey(schema, routine);
      const before = schema.routines.get(key)?.argumentNames;
      const isReplaced = file.nodes
        .slice(0, index)
        .some(each => as(each, 'DropStmt')?.removeType === 'OBJECT_FUNCTION');
      const now = routineOf(routine).argumentNames;
      if (before && isReplaced && before.join() !== now.join())
        yield {
          message: `Names the arguments of ${nameText(key)} (${now.join(', ')}), which were (${before.join(', ')})`,
        };
    },
  },
  {
    code: 'BC104',
    title: 'drop not null',
    level: 'warning',
    aliases: [CLASS, 'ban-drop-not-null'],
    why: 'Programs and generated types count on a value and will meet null.',
    safe: 'Release programs that can read null first.',
    *check({ node, schema }) {
      const alter = as(node, 'AlterTableStmt');
      const table = tableKey(schema, alter?.relation);
      if (alter === undefined || isNew(schema, table)) return;
      for (const { subtype, name } of every(alter.cmds, 'AlterTableCmd'))
        if (subtype === 'AT_DropNotNull')
          yield { message: `Column ${name} of ${nameText(table)} may be null`, table };
    },
  },
  {
    code: 'CD101',
    title: 'drop foreign key or other constraint',
    level: 'warning',
    aliases: ['condrop', 'constraint_drop'],
    why: 'What it kept out comes in from now on; a foreign key’s drop locks both tables.',
    safe: 'Be sure that nothing counts on it; where it is replaced, add the new one first (NOT VALID, then VALIDATE).',
    *check({ node, schema }) {
      const alter = as(node, 'AlterTableStmt');
      const table = tableKey(schema, alter?.relation);
      if (alter === undefined || isNew(schema, table)) return;
      for (const { subtype, name = '' } of every(alter.cmds, 'AlterTableCmd')) {
        if (subtype !== 'AT_DropConstraint') continue;
        // A check that only proved NOT NULL has done its work.
        const constraint = schema.tables.get(table)?.constraints.get(name);
        const proof = as(constraint?.expression, 'NullTest');
        const column = strings(as(proof?.arg, 'ColumnRef')?.fields).at(-1) ?? '';
        if (proof && schema.tables.get(table)?.columns.get(column)?.notNull) continue;
        yield { message: `Drops constraint ${name} of ${nameText(table)}`, table };
      }
    },
  },
];
