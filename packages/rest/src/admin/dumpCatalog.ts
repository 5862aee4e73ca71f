/**
 * The catalog as JSON, in the shape of the reference's schema cache: for people who debug, with no promise of stability.
 * Written piece by piece, as a catalog may be large.
 */
import type { Catalog, Column, Relationship, Routine, Table } from '@peakstone/kernel/catalog';

/** Chunks of about this many characters. */
const chunkLength = 65_536;

/** The JSON text in chunks. */
export async function* streamCatalog(catalog: Catalog): AsyncGenerator<Buffer, void, undefined> {
  let text = '';
  for (const piece of pieces(catalog)) {
    text += piece;
    if (text.length < chunkLength) continue;
    yield Buffer.from(text);
    text = '';
  }
  yield Buffer.from(text);
}

function* pieces(catalog: Catalog): Generator<string, void, undefined> {
  yield '{"dbMediaHandlers":';
  yield JSON.stringify(
    catalog.mediaHandlers.map(({ mediaType, relation, routine, isAggregate }) => ({
      mediaType,
      relation: relation && qualified(relation),
      routine: qualified(routine),
      isAggregate,
    })),
  );
  yield ',"dbRelationships":';
  yield* list(catalog.relationships.values(), rels => {
    const [first] = rels;
    return first ? [[qualified(first.source), first.source.schema], rels.map(relationship)] : null;
  });
  yield ',"dbRepresentations":';
  yield JSON.stringify(
    [...catalog.representations.values()].map(({ from, to, routine }) => ({
      drSourceType: from,
      drTargetType: to,
      drFunction: qualified(routine),
    })),
  );
  yield ',"dbRoutines":';
  yield* list(catalog.routines.values(), routines => {
    const [first] = routines;
    return first ? [qualified(first), routines.map(routine)] : null;
  });
  yield ',"dbTables":';
  yield* list(catalog.tables.values(), item => [qualified(item), table(item)]);
  yield '}';
}

function* list<T>(items: Iterable<T>, describe: (item: T) => unknown): Generator<string, void, undefined> {
  let separator = '[';
  for (const item of items) {
    const value = describe(item);
    if (value === null) continue;
    yield separator + JSON.stringify(value);
    separator = ',';
  }
  yield separator === '[' ? '[]' : ']';
}

const qualified = ({ schema, name }: { readonly schema: string; readonly name: string }) => ({
  qiName: name,
  qiSchema: schema,
});

const table = (item: Table) => ({
  tableColumns: Object.fromEntries([...item.columns.values()].map(value => [value.name, column(value)])),
  tableDeletable: item.deletable,
  tableDescription: item.comment,
  tableInsertable: item.insertable,
  tableIsView: item.kind === 'view' || item.kind === 'materialized',
  tableName: item.name,
  tablePKCols: item.primaryKey,
  tableSchema: item.schema,
  tableUpdatable: item.updatable,
});

const column = (item: Column) => ({
  colDefault: item.default,
  colDescription: item.comment,
  colEnum: item.enumValues,
  colMaxLen: item.maxLength,
  colName: item.name,
  colNominalType: item.nominalType,
  colNullable: item.nullable,
  colType: item.type,
});

function relationship(rel: Relationship): unknown {
  const common = {
    relForeignTable: qualified(rel.target),
    relIsSelf: rel.isSelf,
    relTable: qualified(rel.source),
    relTableIsView: rel.sourceIsView,
    relFTableIsView: rel.targetIsView,
  };
  switch (rel.kind) {
    case 'computed':
      return {
        ...common,
        relFunction: qualified(rel.routine),
        relToOne: rel.toOne,
        tag: 'ComputedRelationship',
      };
    case 'many-to-many':
      return {
        ...common,
        relCardinality: {
          relJunction: {
            junTable: qualified(rel.junction),
            junConstraint1: rel.sourceKey.constraint,
            junConstraint2: rel.targetKey.constraint,
            junColsSource: rel.sourceKey.columns,
            junColsTarget: rel.targetKey.columns,
          },
          tag: 'M2M',
        },
        tag: 'Relationship',
      };
    default: {
      const tags = { 'one-to-many': 'O2M', 'many-to-one': 'M2O', 'one-to-one': 'O2O' } as const;
      return {
        ...common,
        relCardinality: { relColumns: rel.columns, relCons: rel.constraint, tag: tags[rel.kind] },
        tag: 'Relationship',
      };
    }
  }
}

const routine = (item: Routine) => ({
  pdDescription: item.comment,
  pdFuncSettings: item.settings,
  pdHasVariadic: item.variadic,
  pdName: item.name,
  pdParams: item.parameters.map(({ name, type, required, variadic }) => ({
    ppName: name,
    ppReq: required,
    ppType: type,
    ppVar: variadic,
  })),
  pdReturnType: {
    kind: item.returns.kind,
    isSetOf: item.returns.setof,
    type: qualified(item.returns.type),
  },
  pdSchema: item.schema,
  pdVolatility: item.volatility,
});
