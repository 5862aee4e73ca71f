/** The settings of a server, read from `HASURA_GRAPHQL_*`. Units stand in the names. */
import type { JwtConfig } from './jwt.ts';

/** What can be reached, by `HASURA_GRAPHQL_ENABLED_APIS`. */
export type EnabledApi = 'graphql' | 'metadata' | 'pgdump' | 'config' | 'developer' | 'metrics';

export interface GraphqlConfig {
  readonly host: string;
  readonly port: number;
  /** Of the source `default`; null without one. */
  readonly databaseUrl: string | null;
  /** Where metadata is kept; null keeps it in memory alone. */
  readonly metadataDatabaseUrl: string | null;
  /** Whether a start fails where metadata cannot be kept there. */
  readonly needsMetadataStore: boolean;
  /**
   * Of RLS mode: who users' requests log in as, at the source `default` and wherever else the same database is a source. It
   * owns nothing, and may do no more than take on the roles of requests. Null: the login of the source's URL.
   */
  readonly requestLogin: RequestLogin | null;
  readonly pool: PoolConfig;
  readonly auth: AuthConfig;
  readonly cors: CorsConfig;
  readonly enabledApis: ReadonlySet<EnabledApi>;
  readonly enableConsole: boolean;
  readonly logTypes: ReadonlySet<string>;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
  /** bigint, numeric and their kin as strings, so that no client rounds them. */
  readonly stringifyNumericTypes: boolean;
  /** `_eq: null` is true, as it was before version 2. */
  readonly booleanNullCollapse: boolean;
  readonly enableAllowlist: boolean;
  readonly enableRemoteSchemaPermissions: boolean;
  readonly inferFunctionPermissions: boolean;
  readonly devMode: boolean;
  readonly adminInternalErrors: boolean;
  /** What Prometheus shows; null where nobody may read the metrics. */
  readonly metricsSecret: string | null;
  readonly liveQueries: { readonly refetchIntervalMs: number; readonly batchSize: number };
  readonly streamingQueries: { readonly refetchIntervalMs: number; readonly batchSize: number };
  readonly websocket: {
    readonly keepAliveMs: number;
    readonly connectionInitTimeoutMs: number;
    readonly closeOnMetadataChange: boolean;
    readonly readCookie: boolean;
    readonly maxSockets: number;
    readonly maxFrameBytes: number;
    /** Of one connection. */
    readonly maxOperations: number;
    /** That one client has not read yet. */
    readonly maxWaitingBytes: number;
  };
  /** Live operations: how many all clients have, one user and one visitor, and what their requests and plans may hold. */
  readonly liveShares: Readonly<
    Record<'all' | 'user' | 'visitor', { readonly count: number; readonly maxBytes: number }>
  >;
  readonly events: {
    /** Deliveries of one source at once. */
    readonly httpPoolSize: number;
    /** Between looks for new events, when there were none. */
    readonly fetchIntervalMs: number;
    /** Events taken at once; 0 delivers none. */
    readonly fetchBatchSize: number;
  };
  /** Between looks for asynchronous actions that other instances were asked for. */
  readonly asyncActionsFetchMs: number;
  readonly webhooks: {
    /** Of one answer of an action, an event's webhook or a remote schema. */
    readonly maxResponseBytes: number;
  };
  /** What is under way when the server is stopped has this long. */
  readonly gracefulShutdownMs: number;
  readonly experimentalFeatures: ReadonlySet<string>;
  readonly defaultNamingConvention: 'hasura-default' | 'graphql-default';
  readonly readOnly: boolean;
  /** How often other instances' changes of the metadata are looked for; 0 never. */
  readonly schemaSyncPollMs: number;
  /** `metadata`: permissions as the reference keeps them. `rls`: the role is the database's, and its policies decide. */
  readonly authorization: 'metadata' | 'rls';
  /** Of RLS mode: schemas whose tables and functions are there without tracking; null for every one that is an application's. */
  readonly schemas: readonly string[] | null;
  /** What the environment holds for metadata that names its variables (`metadataEnv.ts`). */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The same for databases' URLs, which are connected to and never told. */
  readonly databaseEnv: Readonly<Record<string, string | undefined>>;
  /** What a remote schema gives beside its errors is handed on. */
  readonly prioritizesRemoteData: boolean;
  /** Null stands for a variable that must not be null, as in version 1. */
  readonly allowsNullVariables: boolean;
  readonly limits: LimitsConfig;
  /** Answers of queries with `@cached`: how much of them is kept, and for how long at most. */
  readonly cache: { readonly maxBytes: number; readonly maxSeconds: number };
}

export interface RequestLogin {
  readonly role: string;
  /** Undefined where the server asks for none, or `.pgpass` has it. */
  readonly password: string | undefined;
}

export interface PoolConfig {
  readonly connections: number;
  readonly idleTimeoutMs: number;
  readonly acquireTimeoutMs: number;
  readonly connectionLifetimeMs: number;
  readonly usePreparedStatements: boolean;
}

export interface AuthConfig {
  readonly adminSecrets: readonly string[];
  readonly jwt: readonly JwtConfig[];
  readonly hook: {
    readonly url: string;
    readonly mode: 'GET' | 'POST';
    readonly sendRequestBody: boolean;
  } | null;
  readonly unauthorizedRole: string | null;
  /** Session variables, in lower case, that requests in that role may choose by their headers; as a rule none. */
  readonly unauthorizedVariables: readonly string[];
}

export interface CorsConfig {
  readonly disabled: boolean;
  /** `*`, or origins, in which `https://*.example.com` stands for every host below. */
  readonly domains: readonly string[];
}

/** Bounds on what one operation may ask, before any work is done. */
export interface LimitsConfig {
  readonly maxDepth: number;
  /** Fields of an operation, each counted as often as its fragments are spread. */
  readonly maxFields: number;
  /** Fields with a selection of their own; null for as many as there are fields. */
  readonly maxNodes: number | null;
  /** Tokens of a document. */
  readonly maxTokens: number;
  /** Characters of a document. */
  readonly maxQueryLength: number;
  /** The administrator's. */
  readonly maxBodyBytes: number;
  readonly maxUserBodyBytes: number;
  /** Of those in the unauthorized role. */
  readonly maxVisitorBodyBytes: number;
  /** Values in a body, keys counted as well: each is work for whoever plans. */
  readonly maxValues: number;
  readonly maxVisitorValues: number;
  /** Operations that are sent at once. */
  readonly maxBatch: number;
  /** Root fields of a query that are read from a database. */
  readonly maxRootFields: number;
  /** Of one answer. */
  readonly maxAnswerBytes: number;
}
