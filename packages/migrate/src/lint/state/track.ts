/** Advances the state by a statement, as far as it is told in the statement itself; what a DO block does is not seen. */
import type { AlterTableCmd, CreateFunctionStmt, CreateStmt, DropStmt, Node, RenameStmt } from 'libpg-query';
import { as, every, isOn, optionsOf, strings, typeOf } from '../tree.ts';
import { addConstraint, columnOf, constraintsOf } from './columns.ts';
import { keyOf, type Routine, type Schema, type Table, tableKey } from './model.ts';

export function advance(schema: Schema, node: Node): void {
  for (const [kind, step] of Object.entries(STEPS)) {
    const body = (node as Record<string, unknown>)[kind];
    if (body !== undefined) step(schema, body as never);
  }
}

/** The session's settings end with their file: the runner resets them. */
export function beginFile(schema: Schema): void {
  schema.file++;
  schema.searchPath = ['public'];
}

function newTable(schema: Schema, kind: Table['kind'], more: Partial<Table> = {}): Table {
  return {
    kind,
    madeIn: schema.file,
    knowsColumns: false,
    columns: new Map(),
    constraints: new Map(),
    partitioned: false,
    partitionOf: undefined,
    defaultPartition: undefined,
    rowSecurity: false,
    restrictive: new Set(),
    ...more,
  };
}

type Steps = { readonly [kind: string]: (schema: Schema, body: never) => void };

const STEPS: Steps = {
  CreateStmt: createTable,
  CreateTableAsStmt(
    schema: Schema,
    body: Extract<Node, { CreateTableAsStmt: unknown }>['CreateTableAsStmt'],
  ) {
    const kind = body.objtype === 'OBJECT_MATVIEW' ? 'materialized view' : 'table';
    put(schema, tableKey(schema, body.into?.rel), newTable(schema, kind));
  },
  ViewStmt(schema: Schema, body: Extract<Node, { ViewStmt: unknown }>['ViewStmt']) {
    put(schema, tableKey(schema, body.view), newTable(schema, 'view'));
  },
  AlterTableStmt(schema: Schema, body: Extract<Node, { AlterTableStmt: unknown }>['AlterTableStmt']) {
    const key = tableKey(schema, body.relation);
    for (const command of every(body.cmds, 'AlterTableCmd')) alterTable(schema, key, command);
  },
  IndexStmt(schema: Schema, body: Extract<Node, { IndexStmt: unknown }>['IndexStmt']) {
    const table = tableKey(schema, body.relation);
    const names = every(body.indexParams, 'IndexElem').map(({ name }) => name);
    const plain = names.indexOf(undefined);
    const columns = (plain < 0 ? names : names.slice(0, plain)).flatMap(name => name ?? []);
    const bare = table.slice(table.indexOf('.') + 1);
    const name = body.idxname ?? [bare, ...names.map(each => each ?? 'expr'), 'idx'].join('_');
    const owner = table.slice(0, table.indexOf('.'));
    schema.indexes.set(`${owner}.${name}`, {
      table,
      columns: body.whereClause ? [] : columns,
      unique: body.unique === true,
      madeIn: schema.file,
    });
  },
  CreateSchemaStmt(schema: Schema, body: Extract<Node, { CreateSchemaStmt: unknown }>['CreateSchemaStmt']) {
    const name = body.schemaname ?? body.authrole?.rolename ?? '';
    if (!schema.schemas.has(name)) schema.schemas.set(name, schema.file);
    for (const element of body.schemaElts ?? []) advance(schema, element);
  },
  CreateEnumStmt(schema: Schema, body: Extract<Node, { CreateEnumStmt: unknown }>['CreateEnumStmt']) {
    schema.enums.set(keyOf(schema, 'enums', strings(body.typeName)), {
      madeIn: schema.file,
      values: new Set(strings(body.vals)),
    });
  },
  AlterEnumStmt(schema: Schema, body: Extract<Node, { AlterEnumStmt: unknown }>['AlterEnumStmt']) {
    const found = schema.enums.get(keyOf(schema, 'enums', strings(body.typeName)));
    if (body.oldVal) found?.values.delete(body.oldVal);
    if (body.newVal) found?.values.add(body.newVal);
  },
  CreateDomainStmt(schema: Schema, body: Extract<Node, { CreateDomainStmt: unknown }>['CreateDomainStmt']) {
    const checked = every(body.constraints, 'Constraint').some(({ contype }) =>
      ['CONSTR_CHECK', 'CONSTR_NOTNULL'].includes(contype ?? ''),
    );
    schema.domains.set(keyOf(schema, 'domains', strings(body.domainname)), {
      madeIn: schema.file,
      base: typeOf(body.typeName),
      checked,
    });
  },
  AlterDomainStmt(schema: Schema, body: Extract<Node, { AlterDomainStmt: unknown }>['AlterDomainStmt']) {
    const found = schema.domains.get(keyOf(schema, 'domains', strings(body.typeName)));
    if (found && (body.subtype === 'C' || body.subtype === 'O')) found.checked = true;
  },
  CreateFunctionStmt(schema: Schema, body: CreateFunctionStmt) {
    schema.routines.set(routineKey(schema, body), routineOf(body));
  },
  CreatePolicyStmt(schema: Schema, body: Extract<Node, { CreatePolicyStmt: unknown }>['CreatePolicyStmt']) {
    const table = schema.tables.get(tableKey(schema, body.table));
    if (!body.permissive && body.policy_name) table?.restrictive.add(body.policy_name);
  },
  DropStmt: drop,
  RenameStmt: rename,
  AlterObjectSchemaStmt(
    schema: Schema,
    body: Extract<Node, { AlterObjectSchemaStmt: unknown }>['AlterObjectSchemaStmt'],
  ) {
    if (body.relation === undefined || body.newschema === undefined) return;
    const key = tableKey(schema, body.relation);
    moveTable(schema, key, `${body.newschema}${key.slice(key.indexOf('.'))}`);
  },
  VariableSetStmt(schema: Schema, body: Extract<Node, { VariableSetStmt: unknown }>['VariableSetStmt']) {
    if (body.name !== 'search_path' || body.kind !== 'VAR_SET_VALUE') return;
    const path = every(body.args, 'A_Const').flatMap(({ sval }) => (sval?.sval ? [sval.sval] : []));
    const own = path.filter(name => name !== 'pg_catalog' && name !== '$user');
    if (own.length > 0) schema.searchPath = own;
  },
};

/** One that is there already, made IF NOT EXISTS, stays as it is. */
function put(schema: Schema, key: string, table: Table): void {
  const found = schema.tables.get(key);
  if (found === undefined || found.kind !== 'table') schema.tables.set(key, table);
}

function createTable(schema: Schema, body: CreateStmt): void {
  const key = tableKey(schema, body.relation);
  if (body.if_not_exists && schema.tables.has(key)) return;
  const parents = every(body.inhRelations, 'RangeVar').map(parent => tableKey(schema, parent));
  const likes = every(body.tableElts, 'TableLikeClause').map(({ relation }) => tableKey(schema, relation));
  const copied = [...parents, ...likes].map(parent => schema.tables.get(parent));
  const table = newTable(schema, 'table', {
    knowsColumns: body.ofTypename === undefined && copied.every(each => each?.knowsColumns === true),
    partitioned: body.partspec !== undefined,
    partitionOf: body.partbound ? parents[0] : undefined,
  });
  for (const each of copied)
    for (const [name, column] of each?.columns ?? []) table.columns.set(name, { ...column });
  schema.tables.set(key, table);
  if (body.partbound?.is_default) {
    const parent = schema.tables.get(parents[0] ?? '');
    if (parent) parent.defaultPartition = key;
  }
  for (const definition of every(body.tableElts, 'ColumnDef')) {
    table.columns.set(definition.colname ?? '', columnOf(definition));
    for (const constraint of constraintsOf(definition))
      addConstraint(schema, key, table, constraint, definition.colname);
  }
  for (const constraint of [...every(body.tableElts, 'Constraint'), ...every(body.constraints, 'Constraint')])
    addConstraint(schema, key, table, constraint);
}

function alterTable(schema: Schema, key: string, command: AlterTableCmd): void {
  const table = schema.tables.get(key);
  if (table === undefined) return;
  const column = table.columns.get(command.name ?? '');
  switch (command.subtype) {
    case 'AT_AddColumn': {
      const definition = as(command.def, 'ColumnDef');
      if (definition?.colname === undefined || table.columns.has(definition.colname)) return;
      table.columns.set(definition.colname, columnOf(definition));
      for (const constraint of constraintsOf(definition))
        addConstraint(schema, key, table, constraint, definition.colname);
      return;
    }
    case 'AT_DropColumn':
      table.columns.delete(command.name ?? '');
      return;
    case 'AT_SetNotNull':
    case 'AT_DropNotNull':
      if (column) column.notNull = command.subtype === 'AT_SetNotNull';
      return;
    case 'AT_ColumnDefault':
      if (column) column.hasDefault = command.def !== undefined;
      return;
    case 'AT_AlterColumnType': {
      const definition = as(command.def, 'ColumnDef');
      if (column && definition) column.type = typeOf(definition.typeName);
      return;
    }
    case 'AT_AddConstraint': {
      const constraint = as(command.def, 'Constraint');
      if (constraint) addConstraint(schema, key, table, constraint);
      return;
    }
    case 'AT_ValidateConstraint': {
      const constraint = table.constraints.get(command.name ?? '');
      if (constraint) constraint.valid = true;
      return;
    }
    case 'AT_DropConstraint':
      table.constraints.delete(command.name ?? '');
      schema.indexes.delete(`${key.slice(0, key.indexOf('.'))}.${command.name}`);
      return;
    case 'AT_EnableRowSecurity':
    case 'AT_DisableRowSecurity':
      table.rowSecurity = command.subtype === 'AT_EnableRowSecurity';
      return;
    case 'AT_AttachPartition': {
      const partition = as(command.def, 'PartitionCmd');
      const child = tableKey(schema, partition?.name);
      const found = schema.tables.get(child);
      if (found) found.partitionOf = key;
      if (partition?.bound?.is_default) table.defaultPartition = child;
      return;
    }
    case 'AT_DetachPartition': {
      const child = tableKey(schema, as(command.def, 'PartitionCmd')?.name);
      const found = schema.tables.get(child);
      if (found) found.partitionOf = undefined;
      if (table.defaultPartition === child) table.defaultPartition = undefined;
      return;
    }
  }
}

function drop(schema: Schema, body: DropStmt): void {
  for (const object of body.objects ?? []) {
    const parts = strings(as(object, 'List')?.items ?? as(object, 'TypeName')?.names ?? [object]);
    switch (body.removeType) {
      case 'OBJECT_TABLE':
      case 'OBJECT_VIEW':
      case 'OBJECT_MATVIEW':
        dropTable(schema, keyOf(schema, 'tables', parts));
        break;
      case 'OBJECT_INDEX':
        schema.indexes.delete(keyOf(schema, 'indexes', parts));
        break;
      case 'OBJECT_TYPE':
        schema.enums.delete(keyOf(schema, 'enums', parts));
        break;
      case 'OBJECT_DOMAIN':
        schema.domains.delete(keyOf(schema, 'domains', parts));
        break;
      case 'OBJECT_SCHEMA':
        schema.schemas.delete(parts[0] ?? '');
        for (const key of [...schema.tables.keys()])
          if (key.startsWith(`${parts[0]}.`)) dropTable(schema, key);
        break;
    }
  }
}

function dropTable(schema: Schema, key: string): void {
  schema.tables.delete(key);
  for (const [name, { table }] of schema.indexes) if (table === key) schema.indexes.delete(name);
  for (const table of schema.tables.values())
    if (table.defaultPartition === key) table.defaultPartition = undefined;
}

function rename(schema: Schema, body: RenameStmt): void {
  const { newname = '', subname = '' } = body;
  const key = body.relation ? tableKey(schema, body.relation) : '';
  const table = schema.tables.get(key);
  switch (body.renameType) {
    case 'OBJECT_TABLE':
    case 'OBJECT_VIEW':
    case 'OBJECT_MATVIEW':
      moveTable(schema, key, `${key.slice(0, key.indexOf('.'))}.${newname}`);
      break;
    case 'OBJECT_COLUMN': {
      const column = table?.columns.get(subname);
      if (table && column) {
        table.columns.delete(subname);
        table.columns.set(newname, column);
      }
      break;
    }
    case 'OBJECT_TABCONSTRAINT': {
      const constraint = table?.constraints.get(subname);
      if (table && constraint) {
        table.constraints.delete(subname);
        table.constraints.set(newname, constraint);
      }
      break;
    }
    case 'OBJECT_INDEX': {
      const parts = [body.relation?.schemaname, body.relation?.relname].filter(part => part !== undefined);
      const old = keyOf(schema, 'indexes', parts);
      const index = schema.indexes.get(old);
      if (index) {
        schema.indexes.delete(old);
        schema.indexes.set(`${old.slice(0, old.indexOf('.'))}.${newname}`, index);
      }
      break;
    }
    case 'OBJECT_SCHEMA':
      for (const [from] of [...schema.tables])
        if (from.startsWith(`${subname}.`))
          moveTable(schema, from, `${newname}${from.slice(subname.length)}`);
      break;
  }
}

function moveTable(schema: Schema, from: string, to: string): void {
  const table = schema.tables.get(from);
  if (table === undefined) return;
  schema.tables.delete(from);
  schema.tables.set(to, table);
  for (const [name, index] of [...schema.indexes])
    if (index.table === from) schema.indexes.set(name, { ...index, table: to });
}

/** `schema.name(types)` of what CREATE FUNCTION makes. */
export function routineKey(schema: Schema, body: CreateFunctionStmt): string {
  const parts = strings(body.funcname);
  const name = parts.length > 1 ? parts.join('.') : `${schema.searchPath[0] ?? 'public'}.${parts[0]}`;
  const inputs = every(body.parameters, 'FunctionParameter').filter(
    ({ mode }) => mode !== 'FUNC_PARAM_OUT' && mode !== 'FUNC_PARAM_TABLE',
  );
  return `${name}(${inputs.map(({ argType }) => typeOf(argType).name).join(',')})`;
}

export function routineOf(body: CreateFunctionStmt): Routine {
  const volatility = optionsOf(body.options).get('volatility');
  return {
    argumentNames: every(body.parameters, 'FunctionParameter')
      .filter(({ mode }) => mode !== 'FUNC_PARAM_OUT' && mode !== 'FUNC_PARAM_TABLE')
      .map(({ name }) => name ?? ''),
    volatility: volatility === 'immutable' || volatility === 'stable' ? volatility : 'volatile',
    isDefiner: isOn(optionsOf(body.options).get('security')),
  };
}
