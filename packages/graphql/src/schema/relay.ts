/**
 * Relay's schema: rows as nodes with an id of the whole server, lists of them as connections.
 * @see https://relay.dev/graphql/connections.htm @see https://hasura.io/docs/2.0/schema/postgres/relay-schema/
 */
import { type FunctionModel, type RelationshipModel, showTable, type TableModel } from '../model/types.ts';
import { type SchemaContext, selectOf, type TypeRegister } from './context.ts';
import { functionArgumentsOf } from './functionArguments.ts';
import { byName, inputField } from './inputField.ts';
import { builtin } from './scalars.ts';
import { type FieldDef, type InputFieldDef, listOf, named, refined, type TypeRef } from './types.ts';

/** What tables are made of, which themselves refer to connections. */
export interface TableParts {
  readonly listArguments: (context: SchemaContext, table: TableModel) => InputFieldDef[];
  readonly tableObject: (context: SchemaContext, table: TableModel) => string;
}

/** The interface of every row that has an id. */
export const nodeInterface = 'Node';

/** Whether rows of the table are nodes. As in the reference a row's id tells its key, whether or not the role may read it. */
export function isNode(context: SchemaContext, table: TableModel): boolean {
  return context.options.kind === 'relay' && table.primaryKey.length > 0 && selectOf(context, table) !== null;
}

/** Defines `Node` for the tables of all sources, and gives the root field `node`. */
export function defineNode(types: TypeRegister, possibleTypes: readonly string[]): FieldDef {
  types.define(nodeInterface, () => ({
    kind: 'interface',
    name: nodeInterface,
    description: 'An object with globally unique ID',
    fields: byName([idField(types, 'A globally unique identifier')]),
    possibleTypes,
  }));
  return {
    name: 'node',
    description: null,
    args: byName([
      inputField(
        'id',
        builtin({ types }, 'ID', true),
        { kind: 'argument' },
        { description: 'A globally unique id' },
      ),
    ]),
    type: named(nodeInterface),
    means: { kind: 'node' },
  };
}

/** `id`, in place of a column of that name. */
export function idField(types: TypeRegister, description: string | null = null): FieldDef {
  return {
    name: 'id',
    description,
    args: new Map(),
    type: builtin({ types }, 'ID', true),
    means: { kind: 'nodeId' },
  };
}

/** `t_connection`: the one root field of a table. */
export function connectionRoots(context: SchemaContext, table: TableModel, parts: TableParts): FieldDef[] {
  if (!isNode(context, table)) return [];
  const { naming } = context.source;
  return [
    {
      name: naming.customizeRoot(naming.root([], table.id, ['connection'])),
      description: `fetch data from the table: "${showTable(table.name)}"`,
      args: byName(connectionArguments(context, table, parts)),
      type: connectionRef(context, table, parts),
      means: { kind: 'connection', table, relationship: null, function: null },
    },
  ];
}

/** `fn_connection`: rows that a function returns. */
export function functionConnectionRoots(
  context: SchemaContext,
  fn: FunctionModel,
  table: TableModel,
  parts: TableParts,
): FieldDef[] {
  if (!isNode(context, table)) return [];
  const { naming } = context.source;
  return [
    {
      name: naming.customizeRoot(naming.root([], fn.id, ['connection'])),
      description: `execute function "${showTable(fn.name)}" which returns "${showTable(table.name)}"`,
      args: byName([...functionArgumentsOf(context, fn), ...connectionArguments(context, table, parts)]),
      type: connectionRef(context, table, parts),
      means: { kind: 'connection', table, relationship: null, function: fn },
    },
  ];
}

/** `articles_connection` beside `articles`. */
export function relationshipConnection(
  context: SchemaContext,
  relationship: RelationshipModel,
  table: TableModel,
  parts: TableParts,
): FieldDef[] {
  if (!isNode(context, table)) return [];
  return [
    {
      name: context.source.naming.field(`${relationship.name}_connection`),
      description: 'An array relationship connection',
      args: byName(connectionArguments(context, table, parts)),
      type: connectionRef(context, table, parts),
      means: { kind: 'connection', table, relationship, function: null },
    },
  ];
}

function connectionArguments(
  context: SchemaContext,
  table: TableModel,
  { listArguments }: TableParts,
): InputFieldDef[] {
  const cursor = (name: string): InputFieldDef =>
    inputField(name, builtin(context, 'String'), { kind: 'argument' }, { takesNull: true });
  const count = (name: string): InputFieldDef =>
    inputField(
      name,
      refined(builtin(context, 'Int'), 'nonNegative'),
      { kind: 'argument' },
      { takesNull: true },
    );
  const ordinary = listArguments(context, table).filter(({ name }) => name !== 'limit' && name !== 'offset');
  return [cursor('after'), cursor('before'), count('first'), count('last'), ...ordinary];
}

function connectionRef(context: SchemaContext, table: TableModel, parts: TableParts): TypeRef {
  const { types, source } = context;
  const name = source.naming.type({ ...table.id, text: `${table.id.text}Connection` });
  types.define(name, () => ({
    kind: 'object',
    name,
    description: `A Relay connection object on "${showTable(table.name)}"`,
    interfaces: [],
    fields: byName([
      part('edges', listOf(edgeRef(context, table, parts), true), 'edges'),
      part('pageInfo', pageInfoRef(types), 'pageInfo'),
    ]),
  }));
  return named(name, true);
}

function edgeRef(context: SchemaContext, table: TableModel, { tableObject }: TableParts): TypeRef {
  const name = context.source.naming.type({ ...table.id, text: `${table.id.text}Edge` });
  context.types.define(name, () => ({
    kind: 'object',
    name,
    description: null,
    interfaces: [],
    fields: byName([
      part('cursor', builtin(context, 'String', true), 'cursor'),
      part('node', named(tableObject(context, table), true), 'edgeNode'),
    ]),
  }));
  return named(name, true);
}

function pageInfoRef(types: TypeRegister): TypeRef {
  types.define('PageInfo', () => ({
    kind: 'object',
    name: 'PageInfo',
    description: null,
    interfaces: [],
    fields: byName([
      part('endCursor', builtin({ types }, 'String', true), 'pageInfoMember'),
      part('hasNextPage', builtin({ types }, 'Boolean', true), 'pageInfoMember'),
      part('hasPreviousPage', builtin({ types }, 'Boolean', true), 'pageInfoMember'),
      part('startCursor', builtin({ types }, 'String', true), 'pageInfoMember'),
    ]),
  }));
  return named('PageInfo', true);
}

type Part = 'edges' | 'pageInfo' | 'cursor' | 'edgeNode' | 'pageInfoMember';

function part(name: string, type: TypeRef, kind: Part): FieldDef {
  return { name, description: null, args: new Map(), type, means: { kind } };
}
