/** `_entities`: a row for each representation, by its key. Pure. */
import { HasuraError } from '../errors.ts';
import { allOf } from '../ir/boolExp.ts';
import { readScalar } from '../ir/readers.ts';
import type { ReadRoot } from '../ir/select.ts';
import type { ParamSource } from '../ir/value.ts';
import type { ColumnModel, TableModel } from '../model/types.ts';
import type { ResolvedField } from '../resolve/selection.ts';
import { type Input, isObject } from '../resolve/values.ts';
import type { PlanContext } from './context.ts';
import { plainRows, planFields } from './select.ts';
import { itemsOf } from './values.ts';
import { filterOf } from './where.ts';

export interface EntityRead {
  readonly source: string;
  readonly root: ReadRoot;
}

/** @throws {HasuraError} for what represents no row */
export function planEntities(
  field: ResolvedField,
  entities: ReadonlyMap<string, TableModel>,
  contextOf: (source: string) => PlanContext,
): readonly EntityRead[] {
  return itemsOf(field.args.representations).map((item, i) => {
    const at = [...field.path, 'args', 'representations', i];
    const refuse = (message: string, path = field.path): HasuraError =>
      new HasuraError('validation-failed', message, { path });
    if (item.kind !== 'scalar' || !isObject(item.value))
      throw refuse('representations is expecting a list of objects only', at);
    const { __typename: typeName } = item.value;
    if (typeName === undefined) throw refuse('__typename key not found', at);
    if (typeof typeName !== 'string') throw refuse('__typename can only be a string value', at);
    const table = entities.get(typeName);
    const fields = field.selection?.kind === 'abstract' ? field.selection.possible.get(typeName) : undefined;
    if (!table || !fields)
      throw refuse(
        `${typeName} is not found in selection set or apollo federation is not enabled for the type`,
      );
    const context = contextOf(table.source);
    if (item.source.kind === 'variable') context.onStructural([...item.source.path, '__typename']);
    const key = table.primaryKey.map(column => {
      if (!Object.hasOwn(item.value as object, column.graphql!))
        throw refuse(`cannot find ${column.graphql} in _Any type`);
      const value = { kind: 'param', source: keySource(item, column), scalar: column.scalar } as const;
      const operand = { kind: 'column', column: column.name, scalar: column.scalar } as const;
      return { kind: 'compare', operand, operator: '_eq', value } as const;
    });
    const where = allOf([...key, filterOf(context, table)]);
    const selection = { kind: 'object', type: typeName, fields } as const;
    const select = {
      rows: plainRows({ kind: 'table', table: table.name }, where),
      fields: planFields(context, selection, table),
    };
    return { source: table.source, root: { kind: 'single', select } };
  });
}

/** A column's value: that of a variable is read anew for each request. */
function keySource(item: Input & { readonly kind: 'scalar' }, { graphql, scalar }: ColumnModel): ParamSource {
  const name = graphql!;
  const text = readScalar(scalar, (item.value as Record<string, unknown>)[name]);
  if (item.source.kind !== 'variable') return { kind: 'constant', text };
  return { kind: 'variable', path: [...item.source.path, name], read: value => readScalar(scalar, value) };
}
