/**
 * The root document as OpenAPI 3.1, beyond what the reference offers: nullable columns, request bodies and responses
 * typed by JSON Schema, a row shape for writing (nothing required that the database fills in) beside the one for reading.
 * @see https://spec.openapis.org/oas/v3.1.0
 */
import { type Catalog, type Column, key, type RoutineParameter, type Table } from '@peakstone/kernel/catalog';
import { parseTypeName } from '../typeName.ts';
import {
  columnDescription,
  compact,
  type DocumentContext,
  elementType,
  formatOf,
  type Json,
  jsonType,
  literalDefault,
  splitComment,
} from './describe.ts';
import { Members, members } from './members.ts';
import { lastOfEachName, type VisibleRoutine } from './visible.ts';

/** Pure. */
export function buildOpenApi31(context: DocumentContext): Members {
  const { tables, routines, comment } = context.visible;
  const { server, info, catalog } = context;
  const port = server.port === (server.scheme === 'http' ? 80 : 443) ? '' : `:${server.port}`;
  const { summary, description } = splitComment(comment);
  return members({
    openapi: '3.1.0',
    info: {
      title: summary ?? 'PostgREST API',
      description: description ?? 'REST API over PostgreSQL',
      version: info.version,
    },
    externalDocs: { description: 'PostgREST Documentation', url: info.docsUrl },
    servers: [{ url: `${server.scheme}://${server.host}${port}${server.path}`.replace(/\/$/, '') }],
    paths: new Members(paths(tables, lastOfEachName(routines), catalog)),
    components: members({
      schemas: new Members(schemas(tables, catalog)),
      parameters: new Members(parameters(tables)),
      responses: {
        error: { description: 'Refused', content: { 'application/json': { schema: schemaRef('error') } } },
      },
      ...(context.securityActive
        ? { securitySchemes: { JWT: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } } }
        : {}),
    }),
    ...(context.securityActive ? { security: [{ JWT: [] }, {}] } : {}),
  });
}

function* paths(
  tables: readonly Table[],
  routines: readonly VisibleRoutine[],
  catalog: Catalog,
): Generator<[string, Json]> {
  yield ['/', rootPath];
  for (const table of tables) yield [pathOf(table.name), tablePath(table)];
  for (const visible of routines)
    yield [`/rpc${pathOf(visible.routine.name)}`, routinePath(visible, catalog)];
}

function* schemas(tables: readonly Table[], catalog: Catalog): Generator<[string, Json]> {
  for (const table of tables) {
    // The name is the errors'.
    if (table.name !== 'error') yield [component(table.name), rowSchema(table, catalog)];
    if (isWritable(table)) yield [component(`${table.name}.write`), writeSchema(table, catalog)];
  }
  yield ['error', errorSchema];
}

function* parameters(tables: readonly Table[]): Generator<readonly [string, Json]> {
  yield* sharedParameters;
  for (const table of tables) yield* rowFilters(table);
}

const schemaRef = (name: string): Json => ({ $ref: `#/components/schemas/${component(name)}` });
const parameterRef = (name: string): Json => ({ $ref: `#/components/parameters/${component(name)}` });

/** Component names admit few characters; the others become their code point. */
const component = (name: string): string =>
  name.replace(/[^A-Za-z0-9._-]/gu, char => `.u${char.codePointAt(0)!.toString(16)}.`);

const pathOf = (name: string): string => `/${encodeURIComponent(name)}`;

const refused = { default: { $ref: '#/components/responses/error' } };

const isWritable = (table: Table): boolean => table.insertable || table.updatable || table.deletable;

const rootPath: Json = {
  get: {
    tags: ['Introspection'],
    summary: 'This document',
    parameters: [
      {
        name: 'openapi',
        in: 'query',
        schema: { enum: ['2.0', '3.1'] },
        description: 'Version of the document',
      },
    ],
    responses: {
      200: { description: 'OK', content: { 'application/openapi+json': { schema: { type: 'object' } } } },
    },
  },
};

function tablePath(table: Table): Json {
  const common = { tags: [table.name], ...splitComment(table.comment) };
  const filters = [...table.columns.keys()].map(column => `rowFilter.${table.name}.${column}`);
  const rows = { schema: { type: 'array', items: schemaRef(table.name) } };
  const content = {
    'application/json': rows,
    'application/vnd.pgrst.object+json': { schema: schemaRef(table.name) },
    'text/csv': { schema: { type: 'string' } },
  };
  const written = (status: number, description: string): Json => ({
    [status]: { description },
    200: { description: 'OK, with return=representation', content },
    ...refused,
  });
  const bodyOf = (schema: Json): Json => ({ required: true, content: { 'application/json': { schema } } });
  const write = schemaRef(`${table.name}.write`);
  const required = neededColumns(table).map(column => column.name);
  const inserted = required.length === 0 ? write : { allOf: [write, { required }] };
  return compact({
    get: {
      ...common,
      parameters: [...filters, 'select', 'order', 'offset', 'limit', 'range', 'preferCount'].map(
        parameterRef,
      ),
      responses: {
        200: { description: 'OK', content },
        206: { description: 'Partial Content', content },
        ...refused,
      },
    },
    post: table.insertable
      ? {
          ...common,
          parameters: ['select', 'columns', 'on_conflict', 'preferWrite'].map(parameterRef),
          requestBody: bodyOf({ oneOf: [inserted, { type: 'array', items: inserted }] }),
          responses: {
            201: { description: 'Created', content },
            ...refused,
          },
        }
      : undefined,
    patch: table.updatable
      ? {
          ...common,
          parameters: [...filters, 'select', 'columns', 'preferWrite'].map(parameterRef),
          requestBody: bodyOf(write),
          responses: written(204, 'No Content'),
        }
      : undefined,
    delete: table.deletable
      ? {
          ...common,
          parameters: [...filters, 'select', 'preferWrite'].map(parameterRef),
          responses: written(204, 'No Content'),
        }
      : undefined,
  });
}

function routinePath({ routine, argumentTypes }: VisibleRoutine, catalog: Catalog): Json {
  const typed = routine.parameters.map((item, i) => [item, argumentTypes[i] ?? item.type] as const);
  const common = {
    tags: [`(rpc) ${routine.name}`],
    ...splitComment(routine.comment),
    responses: { 200: { description: 'OK', content: { 'application/json': { schema: {} } } }, ...refused },
  };
  const post = {
    ...common,
    requestBody: {
      required: routine.parameters.some(item => item.required),
      content: {
        'application/json': {
          schema: compact({
            type: 'object',
            required: routine.parameters.filter(item => item.required).map(item => item.name),
            properties: Object.fromEntries(
              typed.map(([{ name }, type]) => [name, typeSchema(type, catalog)]),
            ),
          }),
        },
      },
    },
  };
  if (routine.volatility === 'volatile') return { post };
  const parameters = typed.map(([item, type]) => queryArgument(item, type, catalog));
  return { get: { ...common, parameters }, post };
}

function queryArgument({ name, required, variadic }: RoutineParameter, type: string, catalog: Catalog): Json {
  // Without VARIADIC an array travels as one literal, {a,b}
  const isLiteral = !variadic && jsonType(type) === 'array';
  return {
    name,
    in: 'query',
    required,
    schema: isLiteral ? { type: 'string', format: type } : typeSchema(type, catalog),
    ...(variadic ? { explode: true } : {}),
  };
}

function typeSchema(type: string, catalog: Catalog): Json {
  const name = parseTypeName(type);
  return compact({
    type: jsonType(type),
    format: formatOf(type),
    items: jsonType(type) === 'array' ? typeSchema(elementType(type), catalog) : undefined,
    enum: name && catalog.enums?.get(key(name.schema, name.name)),
  });
}

function rowSchema(table: Table, catalog: Catalog): Json {
  const columns = [...table.columns.values()];
  return compact({
    type: 'object',
    description: table.comment ?? undefined,
    required: columns.filter(column => !column.nullable).map(column => column.name),
    properties: Object.fromEntries(
      columns.map(column => [
        column.name,
        {
          ...columnSchema(column, catalog),
          ...compact({ description: columnDescription(table, column, catalog) }),
        },
      ]),
    ),
  });
}

/** Columns that an insert must give: neither nullable nor filled in by the database. */
const neededColumns = (table: Table): readonly Column[] =>
  [...table.columns.values()].filter(
    column => !column.nullable && column.default === null && !column.identity && !column.generated,
  );

/** What a client may send; an insert needs more (`neededColumns`). */
const writeSchema = (table: Table, catalog: Catalog): Json =>
  compact({
    type: 'object',
    properties: Object.fromEntries(
      [...table.columns.values()]
        .filter(column => !column.generated)
        .map(column => [column.name, columnSchema(column, catalog)]),
    ),
  });

function columnSchema(column: Column, catalog: Catalog): Json {
  const schema = typeSchema(column.type, catalog);
  const { type } = schema;
  return compact({
    ...schema,
    type: column.nullable && type !== undefined ? [type, 'null'] : type,
    enum:
      column.enumValues.length === 0 ? undefined : [...column.enumValues, ...(column.nullable ? [null] : [])],
    maxLength: column.maxLength ?? undefined,
    default: literalDefault(column),
  });
}

const errorSchema: Json = {
  type: 'object',
  required: ['code', 'message'],
  properties: {
    code: { type: 'string' },
    message: { type: 'string' },
    details: {},
    hint: { type: ['string', 'null'] },
  },
};

const text = (name: string, place: string, description: string): Json => ({
  name,
  in: place,
  description,
  schema: { type: 'string' },
});

const sharedParameters: readonly (readonly [string, Json])[] = [
  ['select', text('select', 'query', 'Columns and embedded resources')],
  ['columns', text('columns', 'query', 'Columns of the body to use')],
  ['on_conflict', text('on_conflict', 'query', 'Unique columns that decide what is a duplicate')],
  ['order', text('order', 'query', 'Ordering')],
  ['offset', { name: 'offset', in: 'query', schema: { type: 'integer', minimum: 0 } }],
  ['limit', { name: 'limit', in: 'query', schema: { type: 'integer', minimum: 0 } }],
  ['range', text('Range', 'header', 'First and last row, as 0-9')],
  ['preferCount', text('Prefer', 'header', 'count=exact, count=planned or count=estimated')],
  [
    'preferWrite',
    text('Prefer', 'header', 'return=, resolution=, missing=, handling=, max-affected=, tx=, count='),
  ],
];

const rowFilters = (table: Table): readonly (readonly [string, Json])[] =>
  [...table.columns.values()].map(column => [
    component(`rowFilter.${table.name}.${column.name}`),
    compact({
      name: column.name,
      in: 'query',
      description: column.comment ?? undefined,
      schema: { type: 'string' },
      example: 'eq.1',
    }),
  ]);
