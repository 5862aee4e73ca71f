/**
 * What the wire client and the pool promise. Everything on the request path speaks these types.
 *
 * Values travel in PostgreSQL's text format. A `Uint8Array` value is the text form's UTF-8 bytes
 * (a JSON request body is handed on without decoding), not bytea's binary form.
 */
export type SqlValue = string | Uint8Array | null;

/** SQL and its parameters; the only shape in which SQL travels. `$1` is `values[0]`. */
export interface Sql {
  readonly text: string;
  readonly values: readonly SqlValue[];
  /** Where `text` bounds what it may give: its twin for larger answers, which are run a few at a time. */
  readonly large?: LargeText;
  /** Where it has few rows whatever it is asked for: its twin without a bound, which is run while answers are small. */
  readonly plain?: string;
}

/** The same statement with a higher bound (`answerBound.ts`). */
export interface LargeText {
  readonly text: string;
  /** Of each list that it makes. */
  readonly maxBytes: number;
}

/** One statement of an exchange. */
export interface Statement extends Sql {
  /** Keep it as a named prepared statement on the connection once it comes again (bounded, least recently used out). Default true. */
  readonly prepare?: boolean;
}

/** One column of a row: PostgreSQL's text-format bytes, a view on the receive buffer, or null. */
export type Cell = Buffer | null;

export interface Result {
  /** Command tag, such as `SELECT 1` or `INSERT 0 3`. */
  readonly tag: string;
  readonly fields: readonly Field[];
  readonly rows: readonly (readonly Cell[])[];
}

export interface Field {
  readonly name: string;
  readonly typeOid: number;
}

/**
 * Statements that succeed or fail as one transaction, sent in one network write. They hold no transaction control of their own:
 * one that leaves its transaction open is rolled back and rejects (25001).
 *
 * Where prepared statements went stale (the schema changed, or somebody dropped them) they are parsed anew and the exchange is sent
 * once more, unless a CALL or DO ran in it.
 *
 * Without `begin` the transaction is the protocol's implicit one: every statement up to the one Sync is atomic,
 * `set_config(…, true)` and `transaction_read_only` hold until its end, and it costs about 15 % less than BEGIN/COMMIT.
 * With `begin` (such as `begin isolation level serializable read only`) it ends with `end`.
 */
export interface Exchange {
  readonly statements: readonly Statement[];
  readonly begin?: string;
  /** Default `commit`. `rollback` needs `begin`. */
  readonly end?: 'commit' | 'rollback';
  /**
   * Looks at the results before the transaction ends and says how it shall end; what it throws rolls back and rejects.
   * Needs `begin`; costs a second round trip, so only for requests that may be refused after the fact.
   */
  readonly inspect?: (results: readonly Result[]) => 'commit' | 'rollback';
  /**
   * `shared`: may be pipelined behind other exchanges on a busy connection, so only for short reads.
   * `write`: may follow a few other short writes on a connection, which saves a wake-up each, but not one that has been
   * running for long (it may wait for a lock). For writes that have been quick so far.
   * `own` (default): has a connection to itself until done.
   */
  readonly lane?: 'shared' | 'write' | 'own';
  /** Aborting cancels the running statement (CancelRequest) and rejects; a pipelined exchange that is not yet answered is only abandoned, as its neighbours must not suffer. */
  readonly signal?: AbortSignal;
  /** NOTICE, WARNING … raised while it ran. */
  readonly onNotice?: (notice: PgNotice) => void;
}

/** Looks on while a script runs. What it throws fails the script, not the connection. */
export interface ScriptWatch {
  /** NOTICE, WARNING … raised while it ran. */
  readonly onNotice?: (notice: PgNotice) => void;
  /** Each result as soon as its statement is done, also of those before one that fails; none is collected then. A promise returned is waited for, as in `onRows`. */
  readonly onResult?: (result: Result) => void;
  /**
   * Rows as they come, in batches of bounded size, so that a result of any length can be read; `onResult` then gets it
   * without rows. Nothing more is read from the server until a promise returned has settled.
   */
  readonly onRows?: (rows: readonly (readonly Cell[])[], fields: readonly Field[]) => void | Promise<void>;
  /** The rows of each COPY … FROM STDIN, in order, sent under back-pressure. Null, or no such function, refuses it. */
  readonly copyIn?: () => AsyncIterable<Uint8Array> | Iterable<Uint8Array> | null;
  /** The script ended inside of a transaction that it had opened, which was rolled back. */
  readonly onLeftOpen?: () => void;
}

/** The sending half of a copy both ways; after its end nothing is sent. */
export interface CopyBoth {
  /** One CopyData message. */
  send(data: Uint8Array): void;
  /** CopyDone: the server ends the copy as well, and goes on with what follows it. Safe to call twice. */
  end(): void;
}

/** Looks on while the server copies both ways. What it throws ends the connection. */
export interface CopyBothWatch {
  readonly onStart?: (copy: CopyBoth) => void;
  /** One CopyData message, a view on the receive buffer that is the watcher's to keep. Nothing more is read until a promise returned has settled. */
  readonly onData: (data: Buffer, copy: CopyBoth) => void | Promise<void>;
}

export interface Pool {
  /**
   * Runs one exchange; resolves after ReadyForQuery, so a resolved commit is durable.
   * @throws {PgError} what the server refused; the transaction is rolled back and the connection is clean again.
   * @throws {PoolTimeoutError} no connection within `acquireTimeoutMs`.
   * @throws {LargeResultError} its result is larger than `maxResultBytes`.
   * @throws {ConnectionError} the server cannot be reached, or went away under the exchange (ConnectionLostError). Never retried here: the caller knows whether it is safe.
   */
  exchange(exchange: Exchange): Promise<readonly Result[]>;
  /** One statement in its own implicit transaction. */
  query(text: string, values?: readonly SqlValue[]): Promise<Result>;
  /** Several statements by the simple protocol (scripts, DDL). Text may hold many statements; one result each, where COPY TO STDOUT has rows of one cell and no fields. A transaction left open is rolled back. */
  script(text: string, watch?: ScriptWatch): Promise<readonly Result[]>;
  /**
   * Statements that return too much to hold: the last statement's rows as they arrive, under back-pressure; the results of those
   * before it (role, claims) are discarded. Exclusive connection. Leaving the loop early cancels. `inspect` sees its result without rows.
   */
  stream(exchange: Exchange): AsyncIterable<readonly Cell[]>;
  /** Replaces every connection, each when it has finished what it does: for role settings and cached catalogs, which live as long as a session. */
  recycle(): void;
  readonly stats: PoolStats;
  /** Waits for running exchanges up to `graceMs` (default 10 000), then closes. Safe to call twice. */
  close(graceMs?: number): Promise<void>;
}

export interface PoolStats {
  readonly size: number;
  readonly idle: number;
  readonly waiting: number;
  /** Acquisitions that timed out since the start. */
  readonly timeouts: number;
  /** What a connection could not be made for, until the next one is. */
  readonly unreachable: Error | null;
}

export interface PoolOptions {
  /** libpq URI or keyword string: `postgres://user:pass@host:5432/db?sslmode=…&host=/run/pg`. Unix sockets when host starts with `/`. */
  readonly url: string;
  /** Connections at most, of both lanes together. Default 10. With 1, the shared lane's exchanges take the own lane. */
  readonly size?: number;
  /** Of those, how many serve the shared lane. Default 2. */
  readonly sharedSize?: number;
  /** Exchanges under way on one shared connection. Default 16. */
  readonly pipelineDepth?: number;
  /** Default 10 000. */
  readonly acquireTimeoutMs?: number;
  /** Waiting exchanges at most; more are refused at once with PoolTimeoutError. Default 10 000. */
  readonly maxWaiting?: number;
  /** Default 30 000. */
  readonly maxIdleMs?: number;
  /** Default 1 800 000. */
  readonly maxLifetimeMs?: number;
  /** Statements kept prepared on each connection. Default 512; 0 prepares none (for poolers in transaction mode without prepared-statement support). */
  readonly statementCacheSize?: number;
  /** What the server may hold for those of one connection, as it tells. Default 8 MiB, and 128 MiB for all together. */
  readonly statementCacheBytes?: number;
  /**
   * The largest result of an exchange, and a quarter of what rows that are arriving may take together: a larger one ends its
   * exchange with {@link LargeResultError} as soon as it is known to be, and its transaction with it. Of what is streamed it
   * bounds each row. An exchange that gives more than its statements' `text` allows is rolled back and run anew with `large`, two
   * of a pool at a time. Default any.
   */
  readonly maxResultBytes?: number;
  /**
   * Exchanges run the functions of people who must not meet one another: each begins by undoing what those before it may
   * have left in the session, and a connection at rest is cleaned altogether. An exchange sets a role, if any, for its
   * transaction alone. Default false: what is set stays.
   */
  readonly isolated?: boolean;
  /** A script that each connection runs before anything else; one where it fails is closed. Default none. */
  readonly opening?: string;
  /** Start-up parameters such as `application_name`, `search_path`. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Closed union of what happens, for logs and metrics. What it throws surfaces as an uncaught exception. */
  readonly onEvent?: (event: PoolEvent) => void;
}

export type PoolEvent =
  | { readonly kind: 'connected'; readonly pid: number; readonly durationMs: number }
  | { readonly kind: 'connectFailed'; readonly error: Error; readonly retryInMs: number }
  | { readonly kind: 'disconnected'; readonly pid: number; readonly reason: string }
  | { readonly kind: 'acquireTimeout'; readonly waitedMs: number; readonly waiting: number };

/** Fields of an ErrorResponse. @see https://www.postgresql.org/docs/17/protocol-error-fields.html */
export interface PgErrorFields {
  readonly severity: string;
  /** SQLSTATE, five characters. */
  readonly code: string;
  readonly message: string;
  readonly detail?: string;
  readonly hint?: string;
  readonly position?: string;
  readonly where?: string;
  readonly schema?: string;
  readonly table?: string;
  readonly column?: string;
  readonly dataType?: string;
  readonly constraint?: string;
  readonly routine?: string;
}

export type PgNotice = PgErrorFields;

/** A dedicated connection that LISTENs, reconnects by itself with back-off and says when it did (what was missed meanwhile is unknown). */
export interface Listener {
  close(): Promise<void>;
}

export interface ListenOptions {
  readonly url: string;
  readonly channels: readonly string[];
  readonly onNotify: (channel: string, payload: string) => void;
  /** Also called after each re-connection. */
  readonly onListening: () => void;
  readonly onLost: (error: Error, retryInMs: number) => void;
}
