/** `Int_comparison_exp` and its kin: operators by type. */
import type { Scalar } from '../catalog/scalars.ts';
import { scalarOf } from '../catalog/scalars.ts';
import type { OperatorName } from '../ir/operators.ts';
import { sibling } from '../model/boolExpJson.ts';
import { pascal } from '../model/naming.ts';
import type { ColumnModel } from '../model/types.ts';
import type { SchemaContext } from './context.ts';
import { byName, inputField } from './inputField.ts';
import { builtin, columnRef, scalarRef } from './scalars.ts';
import { baseName, type InputFieldDef, listOf, named, nonNull, nullable, type TypeRef } from './types.ts';

/** The type of conditions on a column. */
export function columnComparison(context: SchemaContext, column: ColumnModel): TypeRef {
  return comparison(context, column.scalar, columnRef(context, column));
}

/** The type of conditions on values of a PostgreSQL type. */
export function scalarComparison(context: SchemaContext, scalar: Scalar): TypeRef {
  return comparison(context, scalar, scalarRef(context, scalar));
}

function comparison(context: SchemaContext, scalar: Scalar, value: TypeRef): TypeRef {
  const { types, source } = context;
  const isGraphqlCase = source.naming.convention === 'graphql-default';
  const base = baseName(value);
  const isList = value.kind === 'list';
  const name = isGraphqlCase
    ? `${pascal(base)}${isList ? 'Array' : ''}ComparisonExp`
    : `${base}${isList ? '_array' : ''}_comparison_exp`;
  types.define(name, () => ({
    kind: 'input',
    name,
    description: `Boolean expression to compare columns of type "${base}". All fields are combined with logical 'AND'.`,
    fields: byName(operatorFields(context, scalar, value)),
  }));
  return named(name);
}

const stringKinds: ReadonlySet<string> = new Set(['varchar', 'text', 'citext', 'bpchar']);

/** By what the reference tells of each. */
const stringOperators: readonly (readonly [OperatorName, string])[] = [
  ['_like', 'does the column match the given pattern'],
  ['_nlike', 'does the column NOT match the given pattern'],
  ['_ilike', 'does the column match the given case-insensitive pattern'],
  ['_nilike', 'does the column NOT match the given case-insensitive pattern'],
  ['_similar', 'does the column match the given SQL regular expression'],
  ['_nsimilar', 'does the column NOT match the given SQL regular expression'],
  ['_regex', 'does the column match the given POSIX regular expression, case sensitive'],
  ['_iregex', 'does the column match the given POSIX regular expression, case insensitive'],
  ['_nregex', 'does the column NOT match the given POSIX regular expression, case sensitive'],
  ['_niregex', 'does the column NOT match the given POSIX regular expression, case insensitive'],
];

const geometryOperators: readonly (readonly [OperatorName, string])[] = [
  ['_st_contains', 'does the column contain the given geometry value'],
  ['_st_crosses', 'does the column cross the given geometry value'],
  ['_st_equals', 'is the column equal to given geometry value (directionality is ignored)'],
  [
    '_st_overlaps',
    "does the column 'spatially overlap' (intersect but not completely contain) the given geometry value",
  ],
  ['_st_touches', 'does the column have atleast one point in common with the given geometry value'],
  ['_st_within', 'is the column contained in the given geometry value'],
  ['_st_intersects', 'does the column spatially intersect the given geometry value'],
  ['_st_3d_intersects', 'does the column spatially intersect the given geometry value in 3D'],
];

function operatorFields(context: SchemaContext, scalar: Scalar, value: TypeRef): InputFieldDef[] {
  const { naming } = context.source;
  const takesNull = context.options.booleanNullCollapse;
  const operator = (name: OperatorName, type: TypeRef, description: string | null = null): InputFieldDef =>
    inputField(
      naming.field(name),
      nullable(type),
      { kind: 'operator', operator: name },
      { description, takesNull },
    );
  const list = listOf(nonNull(value), false);
  const text = scalarOf('text');
  const textValue = scalarRef(context, text);
  const textList = listOf(nonNull(textValue));
  const fields: InputFieldDef[] = [];
  const cast = castField(context, scalar);
  if (cast) fields.push(cast);
  fields.push(
    inputField(naming.field('_is_null'), builtin(context, 'Boolean'), { kind: 'isNull' }, { takesNull }),
    operator('_eq', value),
    operator('_neq', value),
    operator('_in', list),
    operator('_nin', list),
  );
  if (scalar.kind !== 'raster')
    fields.push(
      operator('_gt', value),
      operator('_lt', value),
      operator('_gte', value),
      operator('_lte', value),
    );
  if (stringKinds.has(scalar.name) && value.kind === 'named' && value.name === scalar.graphql)
    fields.push(...stringOperators.map(([name, description]) => operator(name, value, description)));
  if (scalar.kind === 'array')
    fields.push(
      operator('_contains', value, 'does the array contain the given value'),
      operator('_contained_in', value, 'is the array contained in the given array value'),
    );
  if (scalar.kind === 'jsonb')
    fields.push(
      operator('_contains', value, 'does the column contain the given json value at the top level'),
      operator('_contained_in', value, 'is the column contained in the given json value'),
      operator('_has_key', textValue, 'does the string exist as a top-level key in the column'),
      operator('_has_keys_any', textList, 'do any of these strings exist as top-level keys in the column'),
      operator('_has_keys_all', textList, 'do all of these strings exist as top-level keys in the column'),
    );
  if (scalar.kind === 'geography')
    fields.push(
      operator('_st_intersects', value, 'does the column spatially intersect the given geography value'),
      operator(
        '_st_d_within',
        named(distanceType(context, 'geography', value)),
        'is the column within a given distance from the given geography value',
      ),
    );
  if (scalar.kind === 'geometry')
    fields.push(
      ...geometryOperators.map(([name, description]) => operator(name, value, description)),
      operator(
        '_st_d_within',
        named(distanceType(context, 'geometry', value)),
        'is the column within a given distance from the given geometry value',
      ),
      operator(
        '_st_3d_d_within',
        named(distanceType(context, 'geometry', value)),
        'is the column within a given 3D distance from the given geometry value',
      ),
    );
  if (scalar.kind === 'raster') {
    const geometry = scalarRef(context, scalarOf(sibling(scalar, 'geometry')));
    fields.push(
      operator('_st_intersects_rast', value),
      operator(
        '_st_intersects_nband_geom',
        named(rasterType(context, 'st_intersects_nband_geom_input', true, geometry)),
      ),
      operator(
        '_st_intersects_geom_nband',
        named(rasterType(context, 'st_intersects_geom_nband_input', false, geometry)),
      ),
    );
  }
  if (scalar.kind === 'ltree') {
    const query = scalarRef(context, scalarOf(sibling(scalar, 'lquery')));
    fields.push(
      operator('_ancestor', value, 'is the left argument an ancestor of right (or equal)?'),
      operator('_ancestor_any', list, 'does array contain an ancestor of `ltree`?'),
      operator('_descendant', value, 'is the left argument a descendant of right (or equal)?'),
      operator('_descendant_any', list, 'does array contain a descendant of `ltree`?'),
      operator('_matches', query, 'does `ltree` match `lquery`?'),
      operator('_matches_any', listOf(nonNull(textValue)), 'does `ltree` match any `lquery` in array?'),
      operator(
        '_matches_fulltext',
        scalarRef(context, scalarOf(sibling(scalar, 'ltxtquery'))),
        'does `ltree` match `ltxtquery`?',
      ),
    );
  }
  return fields;
}

/** `_cast`: the other type's conditions on this column. */
function castField(context: SchemaContext, scalar: Scalar): InputFieldDef | null {
  const { types, source } = context;
  const targets = castTargets(scalar);
  if (targets.length === 0) return null;
  const isGraphqlCase = source.naming.convention === 'graphql-default';
  const name = isGraphqlCase ? `${pascal(scalar.graphql)}CastExp` : `${scalar.graphql}_cast_exp`;
  types.define(name, () => ({
    kind: 'input',
    name,
    description: null,
    fields: byName(
      targets.map(target =>
        inputField(target.graphql, scalarComparison(context, target), { kind: 'castTo', scalar: target }),
      ),
    ),
  }));
  return inputField('_cast', named(name), { kind: 'cast' });
}

function castTargets(scalar: Scalar): readonly Scalar[] {
  switch (scalar.kind) {
    case 'jsonb':
      return [scalarOf('text')];
    case 'geometry':
      return [scalarOf(sibling(scalar, 'geography'))];
    case 'geography':
      return [scalarOf(sibling(scalar, 'geometry'))];
    default:
      return [];
  }
}

function distanceType(context: SchemaContext, kind: 'geometry' | 'geography', value: TypeRef): string {
  const name = kind === 'geometry' ? 'st_d_within_input' : 'st_d_within_geography_input';
  return context.types.define(name, () => ({
    kind: 'input',
    name,
    description: null,
    fields: byName([
      inputField('distance', builtin(context, 'Float', true), { kind: 'argument' }),
      inputField('from', nonNull(value), { kind: 'argument' }),
      ...(kind === 'geography'
        ? [inputField('use_spheroid', builtin(context, 'Boolean'), { kind: 'argument' }, { default: 'true' })]
        : []),
    ]),
  }));
}

function rasterType(
  context: SchemaContext,
  name: string,
  isBandRequired: boolean,
  geometry: TypeRef,
): string {
  return context.types.define(name, () => ({
    kind: 'input',
    name,
    description: null,
    fields: byName([
      inputField('geommin', nonNull(geometry), { kind: 'argument' }),
      inputField(
        'nband',
        builtin(context, 'Int', isBandRequired),
        { kind: 'argument' },
        { takesNull: !isBandRequired },
      ),
    ]),
  }));
}
