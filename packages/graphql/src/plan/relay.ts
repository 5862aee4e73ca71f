/** `node` and connections. Pure. */
import { scalarOf } from '../catalog/scalars.ts';
import { HasuraError, type Path } from '../errors.ts';
import { allOf } from '../ir/boolExp.ts';
import { parseJson } from '../ir/json.ts';
import { readScalar } from '../ir/readers.ts';
import type {
  ConnectionField,
  ConnectionPlan,
  ConnectionSplit,
  EdgeField,
  From,
  PageInfoMember,
  ReadRoot,
  Rows,
  SelectField,
} from '../ir/select.ts';
import type { ParamSource, Reader, Value } from '../ir/value.ts';
import { type Model, type SourceModel, type TableModel, tableKey } from '../model/types.ts';
import type { ResolvedField, ResolvedSelection } from '../resolve/selection.ts';
import type { Input } from '../resolve/values.ts';
import type { PlanContext } from './context.ts';
import { type NodeId, parseNodeId } from './nodeId.ts';
import { type OrderTerm, planDistinctOn, planOrderTerms } from './orderBy.ts';
import { toValue } from './values.ts';
import { filterOf, planWhere } from './where.ts';

export type PlanFields = (
  context: PlanContext,
  selection: ResolvedSelection | null,
  table: TableModel,
) => readonly SelectField[];

const bigint = scalarOf('bigint');

/** The table that an id is of, and the row's key, both of which the statement is made of. @throws {HasuraError} */
export function readNodeId(field: ResolvedField, onStructural: PlanContext['onStructural']): NodeId {
  const { id } = field.args;
  if (id?.kind === 'scalar' && id.source.kind === 'variable') onStructural(id.source.path);
  return parseNodeId(id?.kind === 'scalar' ? String(id.value) : '', [...field.path, 'args', 'id']);
}

/** The source that has the table of an id. @throws {HasuraError} for one that the role does not see */
export function sourceOfNode({ table }: NodeId, field: ResolvedField, model: Model): SourceModel {
  const found = [...model.sources.values()].filter(({ tables }) => tables.has(tableKey(table)));
  if (found.length === 1) return found[0]!;
  const shown = `'${table.schema === 'public' ? table.name : `${table.schema}.${table.name}`}'`;
  throw new HasuraError(
    'validation-failed',
    found.length === 0
      ? `invalid node id: no such table found: ${shown}`
      : `invalid node id: this V1 node id matches more than one table across different sources: ${shown}`,
    { path: [...field.path, 'args', 'id'] },
  );
}

/** The row of an id. @throws {HasuraError} for a key that does not fit */
export function planNode(
  context: PlanContext,
  field: ResolvedField,
  id: NodeId,
  fieldsOf: PlanFields,
): ReadRoot {
  const table = context.source.tables.get(tableKey(id.table))!;
  const typeName = context.source.naming.type(table.id);
  const { selection } = field;
  const fields = selection?.kind === 'abstract' ? selection.possible.get(typeName) : undefined;
  const at = [...field.path, 'args', 'id'];
  if (!fields)
    throw new HasuraError('validation-failed', `invalid node id: no such table found: '${id.table.name}'`, {
      path: at,
    });
  const { primaryKey } = table;
  const missing = primaryKey.slice(id.key.length).map(({ name }) => `'${name}'`);
  if (missing.length > 0)
    throw new HasuraError(
      'validation-failed',
      `invalid node id: primary key columns [${missing.join(', ')}] are missing`,
      { path: at },
    );
  if (id.key.length > primaryKey.length)
    throw new HasuraError(
      'validation-failed',
      `invalid node id: unexpected column values ${JSON.stringify(id.key.slice(primaryKey.length))}`,
      { path: at },
    );
  const key = primaryKey.map(({ name, scalar }, i) => {
    const source: ParamSource = { kind: 'constant', text: keyText(id.key[i], scalar, name, field.path) };
    return {
      kind: 'compare',
      operand: { kind: 'column', column: name, scalar },
      operator: '_eq',
      value: { kind: 'param', source, scalar },
    } as const;
  });
  const rows: Rows = {
    from: { kind: 'table', table: table.name },
    where: allOf([...key, filterOf(context, table)]),
    orderBy: [],
    distinctOn: [],
    limit: null,
    offset: null,
  };
  const chosen: ResolvedSelection = { kind: 'object', type: typeName, fields };
  return { kind: 'single', select: { rows, fields: fieldsOf(context, chosen, table) } };
}

function keyText(
  value: unknown,
  scalar: Parameters<typeof readScalar>[0],
  name: string,
  path: Path,
): string | null {
  try {
    return readScalar(scalar, value);
  } catch (error) {
    if (!(error instanceof HasuraError)) throw error;
    throw new HasuraError('parse-failed', `value of column '${name}' in node id: ${error.message}`, { path });
  }
}

export function planConnection(
  context: PlanContext,
  field: ResolvedField,
  table: TableModel,
  from: From,
  fieldsOf: PlanFields,
): ConnectionPlan {
  const { args, path, selection } = field;
  if (selection?.kind !== 'object') throw new TypeError('A connection has fields');
  const at = [...path, 'args'];
  const { slice, isBackward } = readSlice(args, at);
  const terms = planOrderTerms(context, args.order_by ?? args.orderBy, table);
  const select = context.view.permissions(table).select;
  const named = new Set(
    terms.flatMap(({ item }) => (item.operand.kind === 'column' ? [item.operand.column] : [])),
  );
  const key = table.primaryKey
    .filter(({ name }) => !named.has(name))
    .map(({ name, scalar }): OrderTerm => {
      const shownIf = select?.columns.get(name);
      const operand = { kind: 'column', column: name, ...(shownIf && { shownIf }) } as const;
      return { path: [name], scalar, item: { operand, direction: 'asc', nulls: null } };
    });
  const cursor = [...terms, ...key];
  const cap: Value | null =
    typeof select?.limit === 'number'
      ? { kind: 'literal', text: String(select.limit), scalar: bigint }
      : null;
  const rows: Rows = {
    from,
    where: allOf([filterOf(context, table), planWhere(context, args.where, table)]),
    orderBy: cursor.map(({ item }) => item),
    distinctOn: planDistinctOn(
      context,
      args.distinct_on ?? args.distinctOn,
      table,
      terms.map(({ item }) => item),
      at,
    ),
    limit: slice && cap ? { kind: 'least', values: [slice, cap] } : (slice ?? cap),
    offset: null,
  };
  return {
    rows,
    cursor,
    isBackward,
    split: readSplit(args, cursor, at),
    fields: selection.fields.map(each => planPart(context, each, table, selection.type, fieldsOf)),
  };
}

const isGiven = (input: Input | undefined): input is Input => input !== undefined && input.kind !== 'null';

/** @throws {HasuraError} for both ends at once */
function readSlice(
  args: ResolvedField['args'],
  path: Path,
): { readonly slice: Value | null; readonly isBackward: boolean } {
  const { first, last } = args;
  if (isGiven(first) && isGiven(last))
    throw new HasuraError('validation-failed', '"first" and "last" are not allowed at once', { path });
  const given = isGiven(first) ? first : isGiven(last) ? last : null;
  return { slice: given ? toValue(given, bigint) : null, isBackward: isGiven(last) };
}

/** @throws {HasuraError} for both cursors at once, or one that does not fit the order */
function readSplit(
  args: ResolvedField['args'],
  terms: readonly OrderTerm[],
  path: Path,
): ConnectionSplit | null {
  const { after, before } = args;
  if (isGiven(after) && isGiven(before))
    throw new HasuraError('validation-failed', '"after" and "before" are not allowed at once', { path });
  const given = isGiven(after) ? after : isGiven(before) ? before : null;
  if (given?.kind !== 'scalar') return null;
  const values = terms.map((term): Value => {
    const read: Reader = text => cursorText(String(text), term, path);
    const text = read(given.value);
    const source: ParamSource =
      given.source.kind === 'variable' ? { ...given.source, read } : { kind: 'constant', text };
    return { kind: 'param', source, scalar: term.scalar };
  });
  return { kind: isGiven(after) ? 'after' : 'before', values };
}

/** One value of a cursor. */
function cursorText(text: string, { path: steps, scalar }: OrderTerm, path: Path): string | null {
  const invalid = (): HasuraError =>
    new HasuraError('validation-failed', 'the "after" or "before" cursor is invalid', { path });
  let value: unknown;
  try {
    value = parseJson(Buffer.from(text, 'base64').toString());
  } catch {
    throw invalid();
  }
  for (const step of steps) {
    if (value === null || typeof value !== 'object' || !Object.hasOwn(value, step)) throw invalid();
    value = (value as Record<string, unknown>)[step];
  }
  try {
    return readScalar(scalar, value);
  } catch (error) {
    throw error instanceof HasuraError
      ? new HasuraError('validation-failed', error.message, { path })
      : error;
  }
}

function planPart(
  context: PlanContext,
  { alias, def, selection }: ResolvedField,
  table: TableModel,
  typeName: string,
  fieldsOf: PlanFields,
): ConnectionField {
  switch (def.means.kind) {
    case 'typename':
      return { kind: 'typename', alias, text: typeName };
    case 'pageInfo':
      return { kind: 'pageInfo', alias, members: members(selection).map(planPageInfo) };
    case 'edges':
      return {
        kind: 'edges',
        alias,
        fields: members(selection).map(each => planEdge(context, each, table, selection, fieldsOf)),
      };
    default:
      throw new TypeError(`${def.name} is no field of a connection`);
  }
}

function members(selection: ResolvedSelection | null): readonly ResolvedField[] {
  return selection?.kind === 'object' ? selection.fields : [];
}

function planPageInfo({ alias, def }: ResolvedField): PageInfoMember {
  if (def.means.kind === 'typename') return { kind: 'typename', alias, text: 'PageInfo' };
  return { kind: def.name as 'hasNextPage', alias };
}

function planEdge(
  context: PlanContext,
  { alias, def, selection }: ResolvedField,
  table: TableModel,
  edge: ResolvedSelection | null,
  fieldsOf: PlanFields,
): EdgeField {
  switch (def.means.kind) {
    case 'typename':
      return { kind: 'typename', alias, text: edge?.kind === 'object' ? edge.type : '' };
    case 'cursor':
      return { kind: 'cursor', alias };
    case 'edgeNode':
      return { kind: 'node', alias, fields: fieldsOf(context, selection, table) };
    default:
      throw new TypeError(`${def.name} is no field of an edge`);
  }
}
