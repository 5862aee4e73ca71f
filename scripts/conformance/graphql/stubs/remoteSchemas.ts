/** Serves remote schemas: GraphQL over HTTP, by graphql-js. */
import {
  buildSchema,
  type ExecutionResult,
  type GraphQLSchema,
  graphql,
  type IntrospectionQuery,
  isAbstractType,
} from 'graphql';
import { pythonSchemas, type RemoteSchemaStub } from './graphqlSchemas.ts';
import { jsonHeader, type Stub, type StubAnswer, type StubRequest, startStub } from './http.ts';

interface GraphqlBody {
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>> | null;
  readonly operationName?: string | null;
}

/** All schemas of the Python server, each at its path. */
export function startRemoteSchemas(): Promise<Stub> {
  const answers = new Map(Object.entries(pythonSchemas).map(([path, schema]) => [path, answerOf(schema)]));
  return startStub(async request => {
    const answer = answers.get(request.path.split('?')[0]!);
    return answer ? await answer(request) : { status: 404, body: '<h1> Not Found </h1>' };
  });
}

/** One schema, at every path. */
export function startRemoteSchema(schema: RemoteSchemaStub): Promise<Stub> {
  return startStub(answerOf(schema));
}

function answerOf(stub: RemoteSchemaStub): (request: StubRequest) => Promise<StubAnswer> {
  const schema = schemaOf(stub);
  return async ({ body, headers, method }) => {
    if (method !== 'POST') return { status: 405 };
    const { query, variables, operationName } = body as GraphqlBody;
    const result = await graphql({
      schema,
      source: query,
      rootValue: stub.root,
      variableValues: variables,
      operationName,
    });
    const isIntrospection = result.data?.__schema !== undefined;
    if (isIntrospection) {
      const introspection = structuredClone(result.data) as unknown as IntrospectionQuery;
      stub.distort?.(introspection);
      return respond({ data: introspection as never }, stub);
    }
    const wrong = Object.entries(stub.expectHeaders ?? {}).find(([name, value]) => headers[name] !== value);
    if (wrong) return respond({ errors: [{ message: `Header ${wrong[0]} doesn't match` } as never] }, stub);
    if (stub.echoIn !== undefined && result.data)
      return respond({ data: { ...result.data, [stub.echoIn]: body } }, stub);
    return respond(result, stub);
  };
}

function respond(result: ExecutionResult, { headers = [], extensions }: RemoteSchemaStub): StubAnswer {
  return {
    status: 200,
    body: JSON.stringify({ ...result, ...(extensions !== undefined && { extensions }) }),
    headers: [jsonHeader, ...headers],
  };
}

function schemaOf({ sdl, typeOf }: RemoteSchemaStub): GraphQLSchema {
  const schema = buildSchema(sdl);
  for (const type of Object.values(schema.getTypeMap()))
    if (isAbstractType(type) && typeOf) type.resolveType = typeOf;
  return schema;
}
