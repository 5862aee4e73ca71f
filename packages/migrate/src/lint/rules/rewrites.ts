import { ALWAYS_REWRITE, addColumnRewrite, changesRows } from '../locks/alterTable.ts';
import { isNew, keyOf, nameText, tableKey } from '../state/model.ts';
import { as, every, optionsOf, strings, typeOf, typeText } from '../tree.ts';
import type { Rule } from './rule.ts';

const FORMS: Readonly<Record<string, string>> = {
  AT_SetExpression: 'SET EXPRESSION',
  AT_SetLogged: 'SET LOGGED',
  AT_SetUnLogged: 'SET UNLOGGED',
  AT_SetAccessMethod: 'SET ACCESS METHOD',
  AT_SetTableSpace: 'SET TABLESPACE',
};

export const rewrites: readonly Rule[] = [
  {
    code: 'PG301',
    title: 'column type change that rewrites',
    level: 'error',
    aliases: ['changing-column-type', 'change_column'],
    why: 'Every row and every index is written anew while nobody can read or write the table.',
    safe: 'Add a column of the new type, keep it filled by a trigger, copy in portions, and swap the names in one short transaction.',
    *check({ node, schema, isUtc }) {
      const alter = as(node, 'AlterTableStmt');
      const key = tableKey(schema, alter?.relation);
      if (alter === undefined || isNew(schema, key) || alter.objtype === 'OBJECT_TYPE') return;
      for (const command of every(alter.cmds, 'AlterTableCmd')) {
        if (command.subtype !== 'AT_AlterColumnType' || !changesRows(schema, key, command, { isUtc }))
          continue;
        const before = schema.tables.get(key)?.columns.get(command.name ?? '')?.type;
        const from = before === undefined ? '' : ` from ${typeText(before)}`;
        const to = typeText(typeOf(as(command.def, 'ColumnDef')?.typeName));
        yield { message: `Changes column ${command.name} of ${nameText(key)}${from} to ${to}`, table: key };
      }
    },
  },
  {
    code: 'PG302',
    title: 'add column with volatile default, serial, identity or stored generated',
    level: 'error',
    aliases: ['adding-field-with-default', 'adding-serial-primary-key-field', 'add_column_default'],
    why: 'Every row and every index is written anew while nobody can read or write the table.',
    safe: 'Add the column without it; set the default, which new rows get; fill the others in portions.',
    *check({ node, schema }) {
      const alter = as(node, 'AlterTableStmt');
      const table = tableKey(schema, alter?.relation);
      if (alter === undefined || isNew(schema, table)) return;
      for (const { subtype, def } of every(alter.cmds, 'AlterTableCmd')) {
        const column = as(def, 'ColumnDef');
        const reason = subtype === 'AT_AddColumn' ? addColumnRewrite(schema, column) : undefined;
        if (reason !== undefined)
          yield { message: `Adds column ${column?.colname} to ${nameText(table)}: ${reason}`, table };
      }
    },
  },
  {
    code: 'PG303',
    title: 'set logged, tablespace, access method or expression; cluster; vacuum full',
    level: 'error',
    aliases: ['prefer-repack'],
    why: 'The whole table is written anew while nobody can read or write it.',
    safe: 'pg_repack does it beside the running table, with a short lock at the end.',
    *check({ node, schema, effects }) {
      const alter = as(node, 'AlterTableStmt');
      const key = tableKey(schema, alter?.relation);
      for (const { subtype = '' } of isNew(schema, key) ? [] : every(alter?.cmds, 'AlterTableCmd'))
        if (ALWAYS_REWRITE.has(subtype))
          yield { message: `${FORMS[subtype]} writes ${nameText(key)} anew`, table: key };
      const vacuum = as(node, 'VacuumStmt');
      const step = as(node, 'ClusterStmt')
        ? 'CLUSTER'
        : optionsOf(vacuum?.options).has('full')
          ? 'VACUUM FULL'
          : undefined;
      if (step === undefined) return;
      const tables = effects.map(({ table }) => table).filter(table => !isNew(schema, table));
      if (tables.length === 0 && effects.length === 0) yield { message: `${step} writes every table anew` };
      for (const table of tables) yield { message: `${step} writes ${nameText(table)} anew`, table };
    },
  },
  {
    code: 'PG304',
    title: 'domain with check used as a column type, or check added to a domain',
    level: 'warning',
    aliases: ['ban-create-domain-with-constraint', 'ban-alter-domain-with-add-constraint'],
    why: 'A change of the check reads every table that uses the domain while nobody can write them.',
    safe: 'Put the check on the column’s table; or ADD CONSTRAINT … NOT VALID to the domain, and VALIDATE in the next file.',
    *check({ node, schema }) {
      const alter = as(node, 'AlterDomainStmt');
      const constraint = as(alter?.def, 'Constraint');
      const checks = alter?.subtype === 'C' && !constraint?.skip_validation;
      if (alter && (checks || alter.subtype === 'O')) {
        const key = keyOf(schema, 'domains', strings(alter.typeName));
        if (schema.domains.get(key)?.madeIn !== schema.file)
          yield { message: `Checks every column of domain ${nameText(key)}` };
      }
      const relation = as(node, 'AlterTableStmt')?.relation ?? as(node, 'CreateStmt')?.relation;
      const columns = [
        ...every(as(node, 'CreateStmt')?.tableElts, 'ColumnDef'),
        ...every(as(node, 'AlterTableStmt')?.cmds, 'AlterTableCmd').flatMap(({ subtype, def }) =>
          subtype === 'AT_AddColumn' ? (as(def, 'ColumnDef') ?? []) : [],
        ),
      ];
      for (const { colname, typeName } of columns) {
        const domain = keyOf(schema, 'domains', typeOf(typeName).name.split('.'));
        if (schema.domains.get(domain)?.checked)
          yield {
            message: `Column ${colname} of ${nameText(tableKey(schema, relation))} is of domain ${nameText(domain)}, which has a check`,
          };
      }
    },
  },
  {
    code: 'PG305',
    title: 'attach partition without a matching check, create partition of',
    level: 'warning',
    aliases: [],
    why: 'The parent is locked for CREATE … PARTITION OF; ATTACH reads the new partition, and both read the default partition, each row of which could belong to the new one.',
    safe: 'Make the table by itself, add a CHECK of the partition’s bounds (NOT VALID, then VALIDATE), and ATTACH it; the same check, turned round, on the default partition.',
    *check({ node, schema }) {
      const create = as(node, 'CreateStmt');
      const parent = tableKey(schema, every(create?.inhRelations, 'RangeVar')[0]);
      if (create?.partbound && !isNew(schema, parent))
        yield {
          message: `Makes a partition of ${nameText(parent)}${restText(schema.tables.get(parent)?.defaultPartition)}`,
          table: parent,
        };
      const alter = as(node, 'AlterTableStmt');
      const key = tableKey(schema, alter?.relation);
      for (const { subtype, def } of every(alter?.cmds, 'AlterTableCmd')) {
        if (subtype !== 'AT_AttachPartition') continue;
        const partition = tableKey(schema, as(def, 'PartitionCmd')?.name);
        const checked = [...(schema.tables.get(partition)?.constraints.values() ?? [])].some(
          ({ kind, valid }) => kind === 'check' && valid,
        );
        const rest = schema.tables.get(key)?.defaultPartition;
        if ((isNew(schema, partition) || checked) && rest === undefined) continue;
        yield {
          message: `Attaches ${nameText(partition)} to ${nameText(key)}${restText(rest)}`,
          table: partition,
        };
      }
    },
  },
  {
    code: 'PG306',
    title: 'trigger on a table in use',
    level: 'info',
    aliases: [],
    why: 'Writes wait for the lock, and from then on pay for the trigger.',
    safe: 'Set a lock_timeout before it, and keep the transaction short.',
    *check({ node, schema }) {
      const trigger = as(node, 'CreateTrigStmt');
      if (trigger === undefined) return;
      const table = tableKey(schema, trigger.relation);
      if (!isNew(schema, table))
        yield { message: `Makes trigger ${trigger.trigname} on ${nameText(table)}`, table };
    },
  },
];

function restText(defaultPartition: string | undefined): string {
  return defaultPartition === undefined
    ? ''
    : `, and reads all of its default partition ${nameText(defaultPartition)}`;
}
