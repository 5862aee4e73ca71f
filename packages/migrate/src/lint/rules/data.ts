import { hasConstraint, isProvenNotNull, isSerial } from '../state/columns.ts';
import { isNew, keyOf, nameText, tableKey } from '../state/model.ts';
import { as, every, strings, typeOf, typeText } from '../tree.ts';
import type { Found, Look, Rule } from './rule.ts';

const CLASS = 'data_depend';

/** Columns and constraints that a statement makes unique on a table that others have rows in. */
function* newUniques({ node, schema }: Look): Generator<Found> {
  const index = as(node, 'IndexStmt');
  if (index?.unique) {
    const table = tableKey(schema, index.relation);
    if (!isNew(schema, table))
      yield { message: `Makes a unique index over the rows of ${nameText(table)}`, table };
  }
  const alter = as(node, 'AlterTableStmt');
  const table = tableKey(schema, alter?.relation);
  if (alter === undefined || isNew(schema, table)) return;
  for (const command of every(alter.cmds, 'AlterTableCmd')) {
    const constraint = as(command.def, 'Constraint');
    if (command.subtype !== 'AT_AddConstraint' || constraint?.indexname) continue;
    if (constraint?.contype === 'CONSTR_UNIQUE' || constraint?.contype === 'CONSTR_PRIMARY')
      yield {
        message: `Demands unique ${strings(constraint.keys).join(', ')} of the rows of ${nameText(table)}`,
        table,
      };
  }
}

export const dataDependent: readonly Rule[] = [
  {
    code: 'MF101',
    title: 'unique index or constraint over existing rows',
    level: 'warning',
    aliases: [CLASS],
    why: 'Rows that are equal already make it fail, in production alone.',
    safe: 'Look for them first (SELECT …, count(*) … GROUP BY … HAVING count(*) > 1), and settle them before.',
    check: newUniques,
  },
  {
    code: 'MF102',
    title: 'index turned unique',
    level: 'warning',
    aliases: [CLASS],
    why: 'Rows that are equal already make it fail, and between drop and build there is no index.',
    safe: 'Build the unique index beside the old one (CREATE UNIQUE INDEX CONCURRENTLY), then drop the old one.',
    *check({ node, schema, file, index: at }) {
      const made = as(node, 'IndexStmt');
      if (!made?.unique) return;
      const table = tableKey(schema, made.relation);
      const owner = table.slice(0, table.indexOf('.'));
      for (const before of file.nodes.slice(0, at)) {
        const drop = as(before, 'DropStmt');
        if (drop?.removeType !== 'OBJECT_INDEX') continue;
        for (const object of drop.objects ?? []) {
          const dropped = keyOf(schema, 'indexes', strings(as(object, 'List')?.items));
          if (dropped === `${owner}.${made.idxname}`)
            yield { message: `Makes index ${made.idxname} of ${nameText(table)} unique`, table };
        }
      }
    },
  },
  {
    code: 'MF103',
    title: 'add column not null without default',
    level: 'error',
    aliases: [CLASS, 'adding-required-field'],
    why: 'It fails as soon as the table has a row.',
    safe: 'Add it with a default, or nullable; fill it; then set NOT NULL.',
    *check({ node, schema }) {
      const alter = as(node, 'AlterTableStmt');
      const table = tableKey(schema, alter?.relation);
      if (alter === undefined || isNew(schema, table)) return;
      for (const { subtype, def } of every(alter.cmds, 'AlterTableCmd')) {
        const column = as(def, 'ColumnDef');
        if (subtype !== 'AT_AddColumn' || column === undefined || isSerial(column)) continue;
        const required = hasConstraint(column, 'CONSTR_NOTNULL', 'CONSTR_PRIMARY');
        const given = hasConstraint(column, 'CONSTR_DEFAULT', 'CONSTR_IDENTITY', 'CONSTR_GENERATED');
        if (required && !given)
          yield {
            message: `Adds column ${column.colname} to ${nameText(table)}, NOT NULL and without a default`,
            table,
            safe: `ALTER TABLE ${nameText(table)} ADD COLUMN ${column.colname} ${typeText(typeOf(column.typeName))} NOT NULL DEFAULT …; or nullable, filled, then SET NOT NULL.`,
          };
      }
    },
  },
  {
    code: 'MF104',
    title: 'nullable column set not null',
    level: 'warning',
    aliases: [CLASS, 'adding-not-nullable-field', 'setting_not_null'],
    why: 'It fails where a row holds null, and reads every row while nobody can read or write the table.',
    safe: 'ADD CONSTRAINT … CHECK (column IS NOT NULL) NOT VALID; VALIDATE CONSTRAINT in the next file; then SET NOT NULL, which believes the check, and DROP CONSTRAINT.',
    *check({ node, schema }) {
      const alter = as(node, 'AlterTableStmt');
      const key = tableKey(schema, alter?.relation);
      if (alter === undefined || isNew(schema, key)) return;
      const table = schema.tables.get(key);
      for (const { subtype, name = '' } of every(alter.cmds, 'AlterTableCmd')) {
        if (subtype !== 'AT_SetNotNull' || table?.columns.get(name)?.notNull) continue;
        if (isProvenNotNull(table, name)) continue;
        yield { message: `Sets column ${name} of ${nameText(key)} NOT NULL`, table: key };
      }
    },
  },
];
