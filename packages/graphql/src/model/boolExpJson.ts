/**
 * Conditions as metadata has them (`{"author_id": {"_eq": "X-Hasura-User-Id"}}`), and those of the v1 API with their `$`.
 * What they name is looked up in the tables; session variables become parameters.
 */
import { type Scalar, scalarOf } from '../catalog/scalars.ts';
import { type QualifiedTable, qualify } from '../definition/metadata.ts';
import { HasuraError, type Path } from '../errors.ts';
import { allOf, anyOf, type BoolExp, type Operand, type TableName } from '../ir/boolExp.ts';
import { type OperatorName, operators } from '../ir/operators.ts';
import { arrayText, readScalar } from '../ir/readers.ts';
import type { Value } from '../ir/value.ts';
import { computedCall } from './computedField.ts';
import { assertReadable, type Reader, visible } from './conditionReader.ts';
import { type SourceModel, showTable, type TableModel, tableKey } from './types.ts';

interface Scope {
  readonly source: Pick<SourceModel, 'tables'>;
  readonly table: TableModel;
  readonly root: TableModel;
  readonly reader: Reader | null;
}

/** @throws {HasuraError} with the path within `json` */
export function readBoolExp(
  json: unknown,
  table: TableModel,
  source: Pick<SourceModel, 'tables'>,
  path: Path = [],
  reader: Reader | null = null,
): BoolExp {
  return readExp(json, { source, table, root: table, reader }, path);
}

function readExp(json: unknown, scope: Scope, path: Path): BoolExp {
  if (json === null || typeof json !== 'object' || Array.isArray(json))
    throw new HasuraError('parse-failed', 'expected object for boolean expression', { path });
  return allOf(Object.entries(json).map(([key, value]) => readMember(key, value, scope, [...path, key])));
}

function readMember(key: string, value: unknown, scope: Scope, path: Path): BoolExp {
  switch (key) {
    case '_and':
    case '$and':
      return allOf(readList(value, scope, path));
    case '_or':
    case '$or':
      return anyOf(readList(value, scope, path));
    case '_not':
    case '$not':
      return { kind: 'not', exp: readExp(value, scope, path) };
    case '_exists':
    case '$exists':
      return readExists(value, scope, path);
    default:
      return readField(key, value, scope, path);
  }
}

function readList(value: unknown, scope: Scope, path: Path): readonly BoolExp[] {
  if (!Array.isArray(value)) throw new HasuraError('parse-failed', 'expected a list', { path });
  return value.map((each, i) => readExp(each, scope, [...path, i]));
}

function readExists(value: unknown, scope: Scope, path: Path): BoolExp {
  const { _table, _where } = (value ?? {}) as { readonly _table?: QualifiedTable; readonly _where?: unknown };
  if (_table === undefined) throw new HasuraError('parse-failed', 'key "_table" not found', { path });
  const name = qualify(_table);
  const table = tableOf(scope.source, name, [...path, '_table']);
  return {
    kind: 'exists',
    table: name,
    join: [],
    where: visible(() => readExp(_where ?? {}, { ...scope, table }, [...path, '_where']), table, scope, path),
  };
}

function tableOf({ tables }: Pick<SourceModel, 'tables'>, name: TableName, path: Path): TableModel {
  const table = tables.get(tableKey(name));
  if (!table) throw new HasuraError('not-exists', `table "${showTable(name)}" does not exist`, { path });
  return table;
}

function readField(key: string, value: unknown, scope: Scope, path: Path): BoolExp {
  const { table, source } = scope;
  const column = table.columns.get(key);
  if (column) {
    assertReadable(key, 'columns', scope, path);
    if (column.scalar.kind === 'json')
      throw new HasuraError('unexpected-payload', 'JSON column can not be part of boolean expression', {
        path,
      });
    return readOperations(
      value,
      { kind: 'column', column: key, scalar: column.scalar },
      column.nullable,
      key,
      scope,
      path,
    );
  }
  const relationship = table.relationships.get(key);
  if (relationship) {
    const target = tableOf(source, relationship.target, path);
    return {
      kind: 'exists',
      table: relationship.target,
      join: relationship.join,
      where: visible(() => readExp(value, { ...scope, table: target }, path), target, scope, path, key),
    };
  }
  const computed = table.computedFields.get(key);
  if (computed) {
    const call = computedCall(computed, []);
    if (computed.returns.kind === 'scalar') assertReadable(key, 'computedFields', scope, path);
    if (computed.returns.kind === 'scalar')
      return readOperations(
        value,
        { kind: 'call', call, scalar: computed.returns.scalar },
        true,
        key,
        scope,
        path,
      );
    const target = tableOf(source, computed.returns.table, path);
    return {
      kind: 'existsInCall',
      call,
      where: visible(
        () => readExp(value, { ...scope, table: target, root: target }, path),
        target,
        scope,
        path,
        key,
      ),
    };
  }
  throw new HasuraError('not-exists', `"${key}" does not exist`, { path });
}

function readOperations(
  value: unknown,
  operand: Operand,
  nullable: boolean,
  name: string,
  scope: Scope,
  path: Path,
): BoolExp {
  const { scalar } = operand;
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    return equals(operand, readValue(value, scalar, path), false);
  return allOf(
    Object.entries(value).map(([operator, right]) =>
      readOperation(operator, right, operand, nullable, name, scope, [...path, operator]),
    ),
  );
}

const stringTypes: ReadonlySet<string> = new Set(['text', 'varchar', 'bpchar', 'citext', 'name']);
const stringOperators: ReadonlySet<string> = new Set([
  '_like',
  '_nlike',
  '_ilike',
  '_nilike',
  '_similar',
  '_nsimilar',
  '_regex',
  '_iregex',
  '_nregex',
  '_niregex',
]);
const columnOperators: Readonly<Record<string, OperatorName>> = {
  _ceq: '_eq',
  _cne: '_neq',
  _cneq: '_neq',
  _cgt: '_gt',
  _clt: '_lt',
  _cgte: '_gte',
  _clte: '_lte',
};
const textScalar = scalarOf('text');

function readOperation(
  spelling: string,
  right: unknown,
  operand: Operand,
  nullable: boolean,
  name: string,
  scope: Scope,
  path: Path,
): BoolExp {
  const operator = spelling.startsWith('$') ? `_${spelling.slice(1)}` : spelling;
  const { scalar } = operand;
  const compare = (op: OperatorName, value: Value, more?: readonly Value[]): BoolExp => ({
    kind: 'compare',
    operand,
    operator: op,
    value,
    ...(more && { more }),
  });
  const only = (isFit: boolean, types: string): void => {
    if (!isFit)
      throw new HasuraError(
        'unexpected-payload',
        ` is of type "${scalar.name}"; this operator works only on columns of type ${types}`,
        { path },
      );
  };
  const columnOperator = Object.hasOwn(columnOperators, operator) ? columnOperators[operator] : undefined;
  if (columnOperator) return compare(columnOperator, readColumn(right, name, scalar, scope, path));
  switch (operator) {
    case '_eq':
      return equals(operand, readValue(right, scalar, path), false);
    case '_ne':
    case '_neq':
      return nullable
        ? equals(operand, readValue(right, scalar, path), true)
        : compare('_neq', readValue(right, scalar, path));
    case '_is_null':
      if (typeof right !== 'boolean')
        throw new HasuraError(
          'parse-failed',
          `parsing Bool failed, expected Boolean, but encountered ${describe(right)}`,
          { path },
        );
      return { kind: 'isNull', operand, isNull: right };
    case '_cast':
      return allOf(
        Object.entries((right ?? {}) as Record<string, unknown>).map(([type, operations]) => {
          const target = castTarget(scalar, type, name, path);
          const cast: Operand = { kind: 'cast', operand, scalar: target };
          return readOperations(operations, cast, true, name, scope, [...path, type]);
        }),
      );
    case '_in':
    case '_nin':
    case '_ancestor_any':
    case '_descendant_any':
      return compare(operator, readValueList(right, scalar, path));
    case '_contains':
    case '_contained_in':
      only(scalar.kind === 'array' || scalar.kind === 'jsonb', 'an array or JSONB');
      return compare(operator, readValue(right, scalar, path));
    case '_has_key':
      only(scalar.kind === 'jsonb', '"jsonb"');
      return compare(operator, readValue(right, textScalar, path));
    case '_has_keys_any':
    case '_has_keys_all':
      only(scalar.kind === 'jsonb', '"jsonb"');
      return compare(operator, readValueList(right, textScalar, path));
    case '_matches':
      return compare(operator, readValue(right, scalarOf(sibling(scalar, 'lquery')), path));
    case '_matches_any':
      return compare(operator, readValueList(right, scalarOf(sibling(scalar, 'lquery')), path));
    case '_matches_fulltext':
      return compare(operator, readValue(right, scalarOf(sibling(scalar, 'ltxtquery')), path));
    case '_st_d_within':
    case '_st_3d_d_within': {
      const { distance, from } = (right ?? {}) as { readonly distance?: unknown; readonly from?: unknown };
      return compare(operator, readValue(from, scalar, [...path, 'from']), [
        readValue(distance, scalarOf('double precision'), [...path, 'distance']),
      ]);
    }
    default:
      if (!Object.hasOwn(operators, operator) || operator.endsWith('Null'))
        throw new HasuraError('unexpected-payload', `Unknown operator: ${spelling}`, { path });
      if (stringOperators.has(operator))
        only(stringTypes.has(scalar.name), '"text", "varchar", "bpchar", "citext"');
      return compare(operator as OperatorName, readValue(right, scalar, path));
  }
}

/** In permissions null equals null, and differs from every value. */
function equals(operand: Operand, value: Value, isNegated: boolean): BoolExp {
  if (value.kind === 'literal' && value.text === null) return { kind: 'isNull', operand, isNull: !isNegated };
  return { kind: 'compare', operand, operator: isNegated ? '_neqNull' : '_eq', value };
}

/** A type of the same extension, which may have been made in any schema. */
export function sibling(scalar: Scalar, name: string): string {
  const dot = scalar.sql.lastIndexOf('.');
  return dot < 0 ? name : `${scalar.sql.slice(0, dot + 1)}${name}`;
}

function castTarget(scalar: Scalar, type: string, name: string, path: Path): Scalar {
  if (scalar.kind === 'jsonb' && (type === 'String' || type === 'text')) return textScalar;
  if (scalar.kind === 'geometry' && type === 'geography') return scalarOf(sibling(scalar, 'geography'));
  if (scalar.kind === 'geography' && type === 'geometry') return scalarOf(sibling(scalar, 'geometry'));
  void name;
  throw new HasuraError(
    'unexpected-payload',
    `cannot cast column of type "${scalar.name}" to type "${type}"`,
    { path },
  );
}

function readColumn(right: unknown, name: string, scalar: Scalar, scope: Scope, path: Path): Value {
  const parts = typeof right === 'string' ? [right] : right;
  if (!Array.isArray(parts))
    throw new HasuraError('unexpected', 'a boolean expression JSON must be either a string or an array', {
      path,
    });
  if (parts.length === 0) throw new HasuraError('unexpected', 'path cannot be empty', { path });
  const isRoot = parts.length === 2 && parts[0] === '$';
  if (parts.length > 1 && !isRoot)
    throw new HasuraError(
      'not-supported',
      'Relationship references are not supported in column comparison RHS',
      { path },
    );
  const column = String(parts[parts.length - 1]);
  const table = isRoot ? scope.root : scope.table;
  const found = table.columns.get(column);
  if (!found) throw new HasuraError('not-exists', `"${column}" does not exist`, { path });
  assertReadable(column, 'columns', { ...scope, table }, path);
  if (found.scalar !== scalar) {
    throw new HasuraError(
      'unexpected-payload',
      `incompatible column types: "${name}" has type "${scalar.name}", but "${column}" has type "${found.scalar.name}"`,
      { path },
    );
  }
  return { kind: 'column', scope: isRoot ? 'root' : 'current', column, scalar };
}

/** Whether text is the name of a session variable. */
export function isSessionVariable(value: unknown): value is string {
  return typeof value === 'string' && /^x-hasura-/i.test(value);
}

/** A value of the metadata: a session variable, or a literal of the type. @throws {HasuraError} */
export function readValue(value: unknown, scalar: Scalar, path: Path): Value {
  if (isSessionVariable(value))
    return { kind: 'param', source: { kind: 'session', name: value.toLowerCase() }, scalar };
  return { kind: 'literal', text: withPath(path, () => readScalar(scalar, value)), scalar };
}

/** A list of them, or one session variable that holds a whole array. */
function readValueList(value: unknown, scalar: Scalar, path: Path): Value {
  const list = scalarOf(`${scalar.sql}[]`);
  if (isSessionVariable(value))
    return { kind: 'param', source: { kind: 'session', name: value.toLowerCase() }, scalar: list };
  if (!Array.isArray(value))
    throw new HasuraError(
      'parse-failed',
      `parsing [] failed, expected Array, but encountered ${describe(value)}`,
      { path },
    );
  if (!value.some(isSessionVariable))
    return {
      kind: 'literal',
      text: arrayText(value.map((each, i) => withPath([...path, i], () => readScalar(scalar, each)))),
      scalar: list,
    };
  return { kind: 'list', items: value.map((each, i) => readValue(each, scalar, [...path, i])), scalar: list };
}

function withPath<T>(path: Path, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof HasuraError ? error.within(path) : error;
  }
}

function describe(value: unknown): string {
  if (value === null) return 'Null';
  if (Array.isArray(value)) return 'Array';
  const kind = typeof value;
  return kind.charAt(0).toUpperCase() + kind.slice(1);
}
