/**
 * Native queries: rows of an SQL text of the metadata, described by a logical model. To all that reads, such a query is a
 * table whose rows come from its text.
 * @see https://hasura.io/docs/2.0/schema/postgres/logical-models/native-queries/
 */
import type { Column, Table } from '@peakstone/kernel/catalog';
import { type Scalar, scalarOf } from '../catalog/scalars.ts';
import type {
  LogicalModel,
  LogicalModelField,
  LogicalModelType,
  NativeQuery,
  Source,
  TableMetadata,
} from '../definition/metadata.ts';
import { HasuraError } from '../errors.ts';
import type { TableName } from '../ir/boolExp.ts';
import { isGraphqlName } from './naming.ts';
import type { ColumnModel, NativeModel, TableModel } from './types.ts';

/** Where native queries stand among tables: a schema that no database has. */
const nativeSchema = '\0native query';

export function nativeName(name: string): TableName {
  return { schema: nativeSchema, name };
}

/** @throws {HasuraError} that says why it cannot be served */
export function buildNativeQuery(query: NativeQuery, source: Source): TableModel {
  const model = logicalModelOf(query, source);
  const hasRelationships =
    (query.object_relationships ?? []).length > 0 || (query.array_relationships ?? []).length > 0;
  const isOwnType = hasRelationships || typeof query.returns !== 'string';
  const columns = new Map(
    model.fields.flatMap(field => {
      const column = columnOf(field);
      return column ? [[field.name, column] as const] : [];
    }),
  );
  const name = nativeName(query.root_field_name);
  const id = { text: isOwnType ? query.root_field_name : model.name, isCustom: true };
  return {
    source: source.name,
    name,
    metadata: {
      table: name,
      configuration: { comment: model.description ?? '' },
      ...(query.object_relationships && { object_relationships: query.object_relationships }),
      ...(query.array_relationships && { array_relationships: query.array_relationships }),
      ...(model.select_permissions && { select_permissions: model.select_permissions }),
    } as TableMetadata,
    table: relationOf(name, columns),
    id,
    isInGraphql: isGraphqlName(id.text) && isGraphqlName(query.root_field_name),
    columns,
    primaryKey: [],
    relationships: new Map(),
    computedFields: new Map(),
    enumValues: null,
    native: readNative(query),
  };
}

/** @throws {HasuraError} for a name that there is not */
function logicalModelOf({ returns, root_field_name: name }: NativeQuery, source: Source): LogicalModel {
  if (typeof returns !== 'string') return { name, fields: returns.fields };
  const model = (source.logical_models ?? []).find(each => each.name === returns);
  if (!model)
    throw new HasuraError('invalid-configuration', `The logical model ${returns} could not be found`);
  return model;
}

/** Null for a field that is no scalar: those stand for relationships. */
function columnOf(field: LogicalModelField): ColumnModel | null {
  const type = scalarTypeOf(field);
  if (!type) return null;
  const { name, description = null } = field;
  const column: Column = {
    name,
    comment: description,
    nullable: type.nullable,
    type: type.name,
    nominalType: type.name,
    typeOid: 0,
    maxLength: null,
    default: null,
    generated: false,
    identity: false,
    enumValues: [],
    isComposite: false,
    isArray: false,
  };
  return {
    name,
    graphql: isGraphqlName(name) ? name : null,
    scalar: scalarOf(type.name),
    nullable: type.nullable,
    description,
    enumTable: null,
    column,
  };
}

/** The older form has `nullable` beside the type. */
function scalarTypeOf(
  field: LogicalModelField,
): { readonly name: string; readonly nullable: boolean } | null {
  const type: LogicalModelType = field.type;
  if (typeof type === 'string') return { name: type, nullable: field.nullable ?? false };
  return 'scalar' in type ? { name: type.scalar, nullable: type.nullable ?? false } : null;
}

function relationOf({ schema, name }: TableName, columns: ReadonlyMap<string, ColumnModel>): Table {
  return {
    schema,
    name,
    kind: 'view',
    isPartition: false,
    comment: null,
    insertable: false,
    updatable: false,
    deletable: false,
    primaryKey: [],
    columns: new Map([...columns].map(([key, { column }]) => [key, column])),
  };
}

/** @throws {HasuraError} for arguments that are not declared, or not used */
function readNative(query: NativeQuery): NativeModel {
  const parts = parseCode(query.code);
  const declared = query.arguments ?? {};
  const used = new Set(parts.flatMap(part => (typeof part === 'string' ? [] : [part.argument])));
  const undeclared = [...used].filter(name => !Object.hasOwn(declared, name));
  if (undeclared.length > 0)
    throw new HasuraError(
      'validation-failed',
      `The following columns are used in the query, but are not declared as arguments: ${showNames(undeclared)}`,
    );
  const unused = Object.keys(declared).filter(name => !used.has(name));
  if (unused.length > 0)
    throw new HasuraError(
      'validation-failed',
      `The following columns are declared as arguments, but are not used in the query: ${showNames(unused)}`,
    );
  return {
    field: query.root_field_name,
    comment: query.comment ?? query.description ?? null,
    parts,
    arguments: Object.entries(declared).map(([name, { type, nullable = false, description }]) => ({
      name,
      scalar: scalarOf(type) satisfies Scalar,
      nullable,
      description: description ?? `Native Query argument ${name}`,
    })),
  };
}

function showNames(names: readonly string[]): string {
  const shown = names.map(name => `'${name}'`).sort();
  return shown.length === 1 ? shown[0]! : `[${shown.join(', ')}]`;
}

/**
 * Text and the arguments in it; what ends it is left out, so that it can stand in another statement. Pure.
 * @throws {HasuraError} for an argument that does not end
 */
export function parseCode(code: string): NativeModel['parts'] {
  const parts: (string | { readonly argument: string })[] = [];
  const text = code.replace(/[;\s]+$/, '');
  let at = 0;
  for (let open = text.indexOf('{{'); open >= 0; open = text.indexOf('{{', at)) {
    const close = text.indexOf('}}', open);
    if (close < 0)
      throw new HasuraError('parse-failed', "Found '{{' without a matching closing '}}'", { path: ['args'] });
    parts.push(text.slice(at, open), { argument: text.slice(open + 2, close) });
    at = close + 2;
  }
  return [...parts, text.slice(at)].filter(part => part !== '');
}
