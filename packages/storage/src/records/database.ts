/**
 * The database's sessions: each exchange takes a caller's role and claims for its own transaction, as REST does, so that
 * row security decides. Policies find the operation, and what Supabase Storage tells them beside it.
 * @see https://supabase.com/docs/guides/storage/schema/helper-functions
 */
import {
  createPool,
  type Pool,
  parseConninfo,
  type Result,
  type Sql,
  type SqlValue,
} from '@peakstone/kernel/pg';
import { requestSettings, type Setting, transactionSettings } from '@peakstone/kernel/request';
import { explain, RecordError } from './errors.ts';
import { RoleTimeouts } from './roleTimeouts.ts';

/** Whom a statement runs as. */
export interface Caller {
  readonly role: string;
  /** For `request.jwt.claims`. */
  readonly claimsJson: string;
  /** Claim `sub`; whoever makes something owns it. */
  readonly subject?: string | undefined;
}

/** Whom the server itself asks as: row security does not hold for it. */
export const service: Caller = { role: 'service_role', claimsJson: '{"role":"service_role"}' };

/** What a policy may know of the request. */
export interface Asked {
  /** `storage.object.upload` */
  readonly operation: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

const unasked: Asked = { operation: 'storage.internal', method: '', path: '', headers: {} };

export interface RunOptions {
  readonly asked?: Asked | undefined;
  /** `rollback`: only to see whether it could be done. Default `commit`. */
  readonly end?: 'commit' | 'rollback';
  /** Looks at the results before the commit. What it throws undoes all. */
  readonly inspect?: (results: readonly Rows[]) => void;
  /** Tried before them, in the same transaction, and undone. */
  readonly trial?: Trial | undefined;
  /** Whoever asked has left: what is under way is cancelled. */
  readonly signal?: AbortSignal | undefined;
}

/** A statement that a caller has to be able to run, with a row at least for a result. */
export interface Trial {
  readonly caller: Caller;
  readonly asked: Asked;
  readonly statement: Sql;
}

/** Of one statement: its rows, each a JSON value in its only column. */
export type Rows = readonly unknown[];

/** For the server's own short statements: they wait for nobody's policies. */
const ownConnections = 4;
const callersConnections = 12;

export class Database {
  readonly #own: Pool;
  readonly #callers: Pool;
  readonly #timeouts: RoleTimeouts;
  readonly #login: string;

  /** @param url of a login that may take on the roles of requests. @throws {ConnectionError} when it is malformed */
  constructor(url: string) {
    this.#login = parseConninfo(url).user;
    const open = (size: number): Pool =>
      createPool({
        url,
        size,
        sharedSize: 0,
        acquireTimeoutMs: 5000,
        maxWaiting: 1000,
        isolated: true,
        parameters: { application_name: 'peakstone storage' },
      });
    this.#own = open(ownConnections);
    this.#callers = open(callersConnections);
    this.#timeouts = new RoleTimeouts(this.#own);
  }

  /** @throws {PgError} {ConnectionError} {PoolTimeoutError} */
  async run(
    caller: Caller,
    statements: readonly Sql[],
    { asked = unasked, end = 'commit', inspect, trial, signal }: RunOptions = {},
  ): Promise<readonly Rows[]> {
    const isOwn = caller === service && trial === undefined;
    const timeout = await this.#timeouts.of(caller.role);
    // The caller's role and claims end with the savepoint.
    const tried =
      trial === undefined ? [] : triedBy(trial, await this.#timeouts.of(trial.caller.role), this.#login);
    const read = (results: readonly Result[]): Rows[] => results.slice(1 + tried.length).map(rowsOf);
    const results = await (isOwn ? this.#own : this.#callers).exchange({
      begin: 'begin isolation level read committed read write',
      statements: [settingsOf(caller, asked, timeout, this.#login), ...tried, ...statements],
      ...(signal && { signal }),
      ...(end === 'rollback' && { end }),
      ...((inspect || trial) && {
        inspect: found => {
          if (trial !== undefined && found[1 + triedAt]!.rows.length === 0)
            throw new RecordError('denied', 'Access denied');
          inspect?.(read(found));
          return 'commit';
        },
      }),
    });
    return read(results);
  }

  /** The rows of one statement. */
  async rows(caller: Caller, text: string, values: readonly SqlValue[], options?: RunOptions): Promise<Rows> {
    const [rows] = await this.run(caller, [{ text, values }], options);
    return rows!;
  }

  async close(): Promise<void> {
    await Promise.all([this.#own.close(), this.#callers.close()]);
  }
}

const savepoint = 'peakstone_trial';
/** Of those that `triedBy` makes, which one it is about. */
const triedAt = 2;

function triedBy({ caller, asked, statement }: Trial, timeout: string, login: string): readonly Sql[] {
  return [
    { text: `savepoint ${savepoint}`, values: [] },
    settingsOf(caller, asked, timeout, login),
    statement,
    { text: `rollback to savepoint ${savepoint}`, values: [] },
  ];
}

function settingsOf(caller: Caller, asked: Asked, timeout: string, login: string): Sql {
  return transactionSettings({
    mode: 'begun',
    searchPath: '"storage", "public", "extensions"',
    ofRole: [['statement_timeout', timeout]],
    role: caller.role,
    login,
    request: [...requestSettings(caller.claimsJson, asked), ...storageSettings(caller, asked)],
    others: [],
  });
}

/** The policies of older projects read single claims. */
function storageSettings({ role, subject }: Caller, { operation }: Asked): Setting[] {
  return [
    ['request.jwt.claim.role', role],
    ['request.jwt.claim.sub', subject ?? ''],
    ['storage.operation', operation],
    ['storage.allow_delete_query', 'true'],
  ];
}

function rowsOf({ rows }: Result): Rows {
  return rows.map(([cell]) => (cell == null ? null : (JSON.parse(cell.toString('utf8')) as unknown)));
}

/** Statements as the server itself, in one transaction. @throws {RecordError} what the database has against them */
export type Say = (
  statements: readonly Sql[],
  options?: Pick<RunOptions, 'inspect' | 'trial'>,
) => Promise<readonly Rows[]>;

export function asService(database: Database): Say {
  return async (statements, options) => {
    try {
      return await database.run(service, statements, options);
    } catch (error) {
      throw explain(error);
    }
  };
}
