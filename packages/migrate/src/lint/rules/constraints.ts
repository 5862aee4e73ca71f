import type { Constraint } from 'libpg-query';
import { constraintsOf } from '../state/columns.ts';
import { isNew, nameText, tableKey } from '../state/model.ts';
import { as, every } from '../tree.ts';
import type { Look, Rule } from './rule.ts';

interface Added {
  readonly table: string;
  readonly constraint: Constraint;
  /** It comes with a new column, so that rows hold its default alone. */
  readonly column?: { readonly name: string; readonly hasDefault: boolean };
}

/** Constraints that a statement adds to tables that others have rows in. */
function* added({ node, schema }: Look): Generator<Added> {
  const alter = as(node, 'AlterTableStmt');
  const table = tableKey(schema, alter?.relation);
  if (alter === undefined || isNew(schema, table)) return;
  for (const { subtype, def } of every(alter.cmds, 'AlterTableCmd')) {
    const constraint = as(def, 'Constraint');
    if (subtype === 'AT_AddConstraint' && constraint) yield { table, constraint };
    const column = as(def, 'ColumnDef');
    if (subtype !== 'AT_AddColumn' || column === undefined) continue;
    const all = constraintsOf(column);
    const hasDefault = all.some(({ contype }) => contype === 'CONSTR_DEFAULT');
    for (const each of all)
      yield { table, constraint: each, column: { name: column.colname ?? '', hasDefault } };
  }
}

const named = ({ conname }: Constraint) => (conname === undefined ? '' : ` ${conname}`);

export const constraints: readonly Rule[] = [
  {
    code: 'PG201',
    title: 'unique or primary key constraint not from a ready index',
    level: 'error',
    aliases: ['disallowed-unique-constraint', 'adding-serial-primary-key-field', 'add_unique_constraint'],
    why: 'Its index is built while nobody can read or write the table.',
    safe: 'CREATE UNIQUE INDEX CONCURRENTLY in a file of its own (-- atlas:txmode none); then ADD CONSTRAINT … UNIQUE USING INDEX.',
    *check(look) {
      for (const { table, constraint } of added(look)) {
        if (constraint.indexname) continue;
        if (constraint.contype === 'CONSTR_UNIQUE' || constraint.contype === 'CONSTR_PRIMARY')
          yield {
            message: `Builds the index of constraint${named(constraint)} on ${nameText(table)}`,
            table,
          };
      }
    },
  },
  {
    code: 'PG202',
    title: 'exclusion constraint',
    level: 'warning',
    aliases: ['add_exclusion_constraint'],
    why: 'Its index is built while nobody can read or write the table, and PostgreSQL has no concurrent way.',
    safe: 'Do it in a quiet hour with a lock_timeout, or on a new table that is filled beside the old one.',
    *check(look) {
      for (const { table, constraint } of added(look))
        if (constraint.contype === 'CONSTR_EXCLUSION')
          yield {
            message: `Builds the index of exclusion constraint${named(constraint)} on ${nameText(table)}`,
            table,
          };
    },
  },
  {
    code: 'PG203',
    title: 'check constraint without not valid',
    level: 'error',
    aliases: ['constraint-missing-not-valid', 'add_check_constraint'],
    why: 'Every row is read while nobody can read or write the table.',
    safe: 'ADD CONSTRAINT … CHECK (…) NOT VALID; then VALIDATE CONSTRAINT in the next file.',
    *check(look) {
      for (const { table, constraint } of added(look))
        if (constraint.contype === 'CONSTR_CHECK' && !constraint.skip_validation)
          yield {
            message: `Checks every row of ${nameText(table)} for constraint${named(constraint)}`,
            table,
          };
    },
  },
  {
    code: 'PG204',
    title: 'foreign key without not valid',
    level: 'error',
    aliases: ['adding-foreign-key-constraint', 'add_foreign_key'],
    why: 'Every row is looked up while nobody can write either table.',
    safe: 'ADD CONSTRAINT … FOREIGN KEY … NOT VALID; then VALIDATE CONSTRAINT in the next file.',
    *check(look) {
      for (const { table, constraint, column } of added(look)) {
        if (constraint.contype !== 'CONSTR_FOREIGN' || constraint.skip_validation) continue;
        // All rows hold null, which points nowhere.
        if (column && !column.hasDefault) continue;
        const other = nameText(tableKey(look.schema, constraint.pktable));
        yield { message: `Looks up every row of ${nameText(table)} in ${other}`, table };
      }
    },
  },
  {
    code: 'PG205',
    title: 'validate in the same transaction as the not valid',
    level: 'warning',
    aliases: ['constraint-missing-not-valid'],
    why: 'The strong lock of the first statement is kept through the scan of the second: nothing is gained.',
    safe: 'Move VALIDATE CONSTRAINT into the next file.',
    *check({ node, schema, file }) {
      const alter = as(node, 'AlterTableStmt');
      const key = tableKey(schema, alter?.relation);
      if (alter === undefined || !file.inTransaction || isNew(schema, key)) return;
      for (const { subtype, name = '' } of every(alter.cmds, 'AlterTableCmd')) {
        const constraint = schema.tables.get(key)?.constraints.get(name);
        const here = constraint?.madeIn === schema.file || addsHere(file.nodes, name);
        if (subtype === 'AT_ValidateConstraint' && here)
          yield {
            message: `Validates ${name} of ${nameText(key)} in the transaction that added it`,
            table: key,
          };
      }
    },
  },
  {
    code: 'PG206',
    title: 'foreign key without an index on its own side',
    level: 'info',
    aliases: ['foreign_key_index'],
    why: 'Each delete or change of a key on the other side reads this whole table.',
    safe: 'CREATE INDEX CONCURRENTLY on the key’s columns, in a file of its own (-- atlas:txmode none).',
    *checkEnd({ nodes }, schema) {
      for (const [key, { constraints }] of schema.tables) {
        for (const [name, { kind, columns, madeIn }] of constraints) {
          if (kind !== 'foreign' || madeIn !== schema.file || columns.length === 0) continue;
          const covered = [...schema.indexes.values()].some(
            index =>
              index.table === key &&
              columns.every(column => index.columns.slice(0, columns.length).includes(column)),
          );
          if (!covered) {
            const index = nodes.findIndex(node => mentions(node, key, schema));
            yield {
              message: `No index of ${nameText(key)} begins with ${columns.join(', ')}, which ${name} looks for`,
              ...(index >= 0 && { index }),
            };
          }
        }
      }
    },
  },
];

/** Also for tables that no earlier file told of. */
function addsHere(nodes: FileNodes, name: string): boolean {
  return nodes.some(node =>
    every(as(node, 'AlterTableStmt')?.cmds, 'AlterTableCmd').some(
      ({ def }) => as(def, 'Constraint')?.conname === name,
    ),
  );
}

type FileNodes = Look['file']['nodes'];

function mentions(node: FileNodes[number], key: string, schema: Look['schema']): boolean {
  const alter = as(node, 'AlterTableStmt');
  const adds = every(alter?.cmds, 'AlterTableCmd').some(({ subtype }) =>
    ['AT_AddConstraint', 'AT_AddColumn'].includes(subtype ?? ''),
  );
  const relation = as(node, 'CreateStmt')?.relation ?? (adds ? alter?.relation : undefined);
  return relation !== undefined && tableKey(schema, relation) === key;
}
