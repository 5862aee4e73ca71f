/** What each form of ALTER TABLE locks, and when it reads or writes every row: as measured on PostgreSQL 17.10. */
import type { AlterTableCmd, ColumnDef, Constraint } from 'libpg-query';
import { constraintsOf, isProvenNotNull, isSerial } from '../state/columns.ts';
import { keyOf, nameText, type Schema, tableKey } from '../state/model.ts';
import { as, every, typeOf } from '../tree.ts';
import type { Effect, LockMode } from './modes.ts';
import { rewritesOnChange } from './typeChange.ts';
import { volatileCall } from './volatile.ts';

/** Those that take less than AccessExclusive. */
const WEAKER: Readonly<Record<string, LockMode>> = {
  AT_SetStatistics: 'ShareUpdateExclusive',
  AT_SetOptions: 'ShareUpdateExclusive',
  AT_ResetOptions: 'ShareUpdateExclusive',
  AT_ClusterOn: 'ShareUpdateExclusive',
  AT_DropCluster: 'ShareUpdateExclusive',
  AT_ValidateConstraint: 'ShareUpdateExclusive',
  AT_SetRelOptions: 'ShareUpdateExclusive',
  AT_ResetRelOptions: 'ShareUpdateExclusive',
  AT_AttachPartition: 'ShareUpdateExclusive',
  AT_EnableTrig: 'ShareRowExclusive',
  AT_EnableAlwaysTrig: 'ShareRowExclusive',
  AT_EnableReplicaTrig: 'ShareRowExclusive',
  AT_EnableTrigAll: 'ShareRowExclusive',
  AT_EnableTrigUser: 'ShareRowExclusive',
  AT_DisableTrig: 'ShareRowExclusive',
  AT_DisableTrigAll: 'ShareRowExclusive',
  AT_DisableTrigUser: 'ShareRowExclusive',
};

/** Those that write the table anew whatever it holds. */
export const ALWAYS_REWRITE: ReadonlySet<string> = new Set([
  'AT_SetExpression',
  'AT_SetLogged',
  'AT_SetUnLogged',
  'AT_SetAccessMethod',
  'AT_SetTableSpace',
]);

export interface Session {
  readonly isUtc: boolean;
}

export function alterTableEffects(
  schema: Schema,
  key: string,
  command: AlterTableCmd,
  session: Session,
): Effect[] {
  const lock = WEAKER[command.subtype ?? ''] ?? 'AccessExclusive';
  const own: Effect = { table: key, lock };
  switch (command.subtype) {
    case 'AT_AddColumn':
      return addColumnEffects(schema, key, as(command.def, 'ColumnDef'));
    case 'AT_AlterColumnType':
      return [{ ...own, rewrites: changesRows(schema, key, command, session) }];
    case 'AT_SetNotNull': {
      const table = schema.tables.get(key);
      const already = table?.columns.get(command.name ?? '')?.notNull === true;
      return [{ ...own, scans: !already && !isProvenNotNull(table, command.name ?? '') }];
    }
    case 'AT_AddConstraint':
      return constraintEffects(schema, key, as(command.def, 'Constraint'));
    case 'AT_ValidateConstraint': {
      const references = schema.tables.get(key)?.constraints.get(command.name ?? '')?.references;
      const other: Effect[] = references === undefined ? [] : [{ table: references, lock: 'RowShare' }];
      return [{ ...own, scans: true }, ...other];
    }
    case 'AT_DropConstraint': {
      const references = schema.tables.get(key)?.constraints.get(command.name ?? '')?.references;
      return references === undefined ? [own] : [own, { table: references, lock: 'AccessExclusive' }];
    }
    case 'AT_AttachPartition': {
      const partition = tableKey(schema, as(command.def, 'PartitionCmd')?.name);
      const rest = schema.tables.get(key)?.defaultPartition;
      return [
        own,
        { table: partition, lock: 'AccessExclusive', scans: true },
        ...(rest === undefined ? [] : [{ table: rest, lock: 'AccessExclusive', scans: true } as const]),
      ];
    }
    case 'AT_DetachPartition': {
      const partition = as(command.def, 'PartitionCmd');
      const lock = partition?.concurrent ? 'ShareUpdateExclusive' : 'AccessExclusive';
      const rest = schema.tables.get(key)?.defaultPartition;
      return [
        { ...own, lock },
        { table: tableKey(schema, partition?.name), lock: 'AccessExclusive' },
        ...(rest === undefined ? [] : [{ table: rest, lock: 'AccessExclusive' } as const]),
      ];
    }
    case 'AT_AddInherit': {
      const parent = tableKey(schema, as(command.def, 'RangeVar'));
      return [own, { table: parent, lock: 'ShareUpdateExclusive' }];
    }
    default:
      return [ALWAYS_REWRITE.has(command.subtype ?? '') ? { ...own, rewrites: true } : own];
  }
}

/** Whether a change of type writes the rows anew; so it is assumed of a column that is not known. */
export function changesRows(
  schema: Schema,
  key: string,
  { name, def }: AlterTableCmd,
  session: Session,
): boolean {
  const definition = as(def, 'ColumnDef');
  const from = schema.tables.get(key)?.columns.get(name ?? '')?.type;
  const to = typeOf(definition?.typeName);
  // USING column or column::type is what PostgreSQL does anyway.
  const cast = as(definition?.raw_default, 'TypeCast')?.arg ?? definition?.raw_default;
  if (cast !== undefined && as(cast, 'ColumnRef') === undefined) return true;
  if (from === undefined) return true;
  const domain = schema.domains.get(keyOf(schema, 'domains', from.name.split('.')));
  return rewritesOnChange(domain?.base ?? from, to, session.isUtc);
}

/** Why ADD COLUMN writes the rows anew; undefined when it does not. */
export function addColumnRewrite(schema: Schema, definition: ColumnDef | undefined): string | undefined {
  if (definition === undefined) return undefined;
  const domain = keyOf(schema, 'domains', typeOf(definition.typeName).name.split('.'));
  if (schema.domains.get(domain)?.checked) return `every row is checked against domain ${nameText(domain)}`;
  if (isSerial(definition)) return `${typeOf(definition.typeName).name} numbers every row`;
  for (const constraint of constraintsOf(definition)) {
    if (constraint.contype === 'CONSTR_IDENTITY') return 'identity numbers every row';
    if (constraint.contype === 'CONSTR_GENERATED')
      return 'a stored generated column is computed for every row';
    const call = constraint.contype === 'CONSTR_DEFAULT' && volatileCall(schema, constraint.raw_expr);
    if (call) return `${call}() gives another value for every row`;
  }
  return undefined;
}

function addColumnEffects(schema: Schema, key: string, definition: ColumnDef | undefined): Effect[] {
  if (definition === undefined) return [];
  const kinds = constraintsOf(definition);
  const has = (...names: string[]) => kinds.some(({ contype }) => names.includes(contype ?? ''));
  const foreign = kinds.filter(({ contype }) => contype === 'CONSTR_FOREIGN');
  return [
    {
      table: key,
      lock: 'AccessExclusive',
      rewrites: addColumnRewrite(schema, definition) !== undefined,
      scans: has('CONSTR_CHECK') || (has('CONSTR_NOTNULL') && !has('CONSTR_DEFAULT')),
      builds: has('CONSTR_UNIQUE', 'CONSTR_PRIMARY'),
    },
    ...foreign.map(
      ({ pktable }): Effect => ({ table: tableKey(schema, pktable), lock: 'ShareRowExclusive' }),
    ),
  ];
}

function constraintEffects(schema: Schema, key: string, constraint: Constraint | undefined): Effect[] {
  const scans = constraint?.skip_validation !== true;
  switch (constraint?.contype) {
    case 'CONSTR_FOREIGN':
      return [key, tableKey(schema, constraint.pktable)].map(table => ({
        table,
        lock: 'ShareRowExclusive',
        scans: scans && table === key,
      }));
    case 'CONSTR_CHECK':
      return [{ table: key, lock: 'AccessExclusive', scans }];
    case 'CONSTR_UNIQUE':
    case 'CONSTR_PRIMARY':
    case 'CONSTR_EXCLUSION':
      return [{ table: key, lock: 'AccessExclusive', builds: constraint.indexname === undefined }];
    default:
      return [{ table: key, lock: 'AccessExclusive' }];
  }
}

/** The tables that have keys to this one: dropping it drops those. */
export function referencing(schema: Schema, key: string): string[] {
  return [...schema.tables]
    .filter(
      ([other, { constraints }]) =>
        other !== key && [...constraints.values()].some(c => c.references === key),
    )
    .map(([other]) => other);
}

export function referencedBy(schema: Schema, key: string): string[] {
  const own = schema.tables.get(key)?.constraints.values() ?? [];
  return [...new Set([...own].flatMap(({ references }) => references ?? []))].filter(other => other !== key);
}

/** Tables named in a FROM list or such. */
export function tablesOf(schema: Schema, nodes: Parameters<typeof every>[0]): string[] {
  return every(nodes, 'RangeVar').map(relation => tableKey(schema, relation));
}
