/** A GraphQL server in process, on a database of its own. */
import { HttpError, type HttpRequest } from '@peakstone/kernel/http';
import { type TestDatabase, type TestDatabaseOptions, testDatabase } from '@peakstone/testing';
import { type GraphqlService, graphqlService } from '../../src/service.ts';

export interface GraphqlServer extends GraphqlInstance {
  readonly database: TestDatabase;
}

export interface GraphqlInstance {
  readonly service: GraphqlService;
  /** Posts JSON, and gives status and body. */
  post(path: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<Answered>;
  /** The same with a body as it is written. */
  postText(path: string, body: string, headers?: Readonly<Record<string, string>>): Promise<Answered>;
  /** The answer of `/v1/graphql`. */
  graphql(query: string, options?: GraphqlOptions): Promise<unknown>;
  /** A command of the metadata API, which must succeed. */
  metadata(type: string, args: unknown): Promise<unknown>;
  stop(): Promise<void>;
}

export interface Answered {
  readonly status: number;
  readonly body: unknown;
  readonly text: string;
}

export interface GraphqlOptions {
  readonly variables?: unknown;
  readonly operationName?: string;
  /** Asked for by who may have any, the administrator. */
  readonly role?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export async function startGraphql(
  { sql, ...database }: TestDatabaseOptions & { readonly login?: 'db_authenticator' | 'hasura' },
  env: Readonly<Record<string, string>> = {},
  { listens = false }: { readonly listens?: boolean } = {},
): Promise<GraphqlServer> {
  const made = await testDatabase({ ...database, ...(database.login && sql !== undefined && { sql }) });
  // What the server's own login has made is its own.
  if (!database.login && sql !== undefined) await made.pool.script(sql);
  try {
    const instance = await serveDatabase(database.login ? made.roleUrl(database.login) : made.url, env, {
      listens,
    });
    return {
      ...instance,
      database: made,
      async stop() {
        await instance.stop();
        await made.drop();
      },
    };
  } catch (error) {
    await made.drop();
    throw error;
  }
}

/** Of servers where the database decides, which must have one; it is sent with each role, and by `metadata`. */
export const adminSecret = 'the secret of the administrator';

/** Another server on a database that there is. */
export async function serveDatabase(
  url: string,
  env: Readonly<Record<string, string>> = {},
  { listens = false, out }: { readonly listens?: boolean; readonly out?: (text: string) => void } = {},
): Promise<GraphqlInstance> {
  const isByDatabase = env.PEAKSTONE_GRAPHQL_AUTHORIZATION === 'rls';
  const secret = isByDatabase ? { 'x-hasura-admin-secret': adminSecret } : {};
  const service = await graphqlService.start(
    {
      ...graphqlService.config({
        HASURA_GRAPHQL_DATABASE_URL: url,
        HASURA_GRAPHQL_PG_CONNECTIONS: '6',
        ...(isByDatabase && { HASURA_GRAPHQL_ADMIN_SECRET: adminSecret }),
        ...(listens && { HASURA_GRAPHQL_SERVER_HOST: '127.0.0.1', HASURA_GRAPHQL_SERVER_PORT: '0' }),
        ...env,
      }),
      listens,
    },
    out === undefined ? {} : { out },
    new AbortController().signal,
  );
  const postText: GraphqlInstance['postText'] = async (path, body, headers = {}) => {
    const response = await service.handler(requestOf(path, body, headers));
    const text = await textOf(response.body);
    return { status: response.status, body: JSON.parse(text), text };
  };
  const post: GraphqlInstance['post'] = (path, body, headers) =>
    postText(path, JSON.stringify(body), headers);
  return {
    service,
    post,
    postText,
    async graphql(query, { variables, operationName, role, headers } = {}) {
      const answer = await post(
        '/v1/graphql',
        {
          query,
          ...(variables !== undefined && { variables }),
          ...(operationName !== undefined && { operationName }),
        },
        { ...(role !== undefined && { ...secret, 'x-hasura-role': role }), ...headers },
      );
      return answer.body;
    },
    async metadata(type, args) {
      const { status, body } = await post('/v1/metadata', { type, args }, secret);
      if (status !== 200) throw new Error(`${type}: ${JSON.stringify(body)}`);
      return body;
    },
    stop: () => service.stop(),
  };
}

async function textOf(body: Awaited<ReturnType<GraphqlService['handler']>>['body']): Promise<string> {
  if (body === null) return '';
  if (typeof body === 'string') return body;
  if (body instanceof Uint8Array) return Buffer.from(body).toString();
  const parts: Uint8Array[] = [];
  for await (const part of body) parts.push(part);
  return Buffer.concat(parts).toString();
}

/** A request as the HTTP edge would hand it on. */
function requestOf(path: string, body: string, headers: Readonly<Record<string, string>>): HttpRequest {
  return {
    method: 'POST',
    target: path,
    path,
    query: '',
    headers,
    remoteAddress: '127.0.0.1',
    async body(maxBytes = Number.POSITIVE_INFINITY) {
      if (Buffer.byteLength(body) > maxBytes) throw new HttpError(413, 'The body is too large');
      return Buffer.from(body);
    },
    hold: () => {},
    stream: async function* () {
      yield Buffer.from(body);
    },
    onAborted: () => {},
  };
}
