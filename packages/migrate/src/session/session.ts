import {
  type Client,
  ConnectionError,
  connectClient,
  PgError,
  PRIVILEGED_SEARCH_PATH,
  quoteLiteral,
} from '@peakstone/kernel/pg';
import { endedBy, type TransactionEnd } from '@peakstone/kernel/script';
import { MigrateError } from '../errors.ts';
import { type Ask, rowsOf } from '../revisions/index.ts';
import { blockersOf, takeLock } from './lock.ts';

export interface SessionOptions {
  /** `?search_path=NAME` is understood as Atlas does: the one schema that is meant. */
  readonly url: string;
  /** How long another's migration is waited for. */
  readonly lockTimeoutMs: number;
  /** How long a statement waits for a table's lock, unless the role or the database say so. */
  readonly tableLockTimeoutMs: number;
  /** Notices that the statements raise. */
  readonly onNotice?: (text: string) => void;
}

/**
 * Two connections: one that files run on, which they may leave in any state, and one that watches over it: it holds the lock
 * that keeps others from migrating, so that no statement of a file can give it back.
 */
export class MigrateSession {
  /** The one schema that the URL means; null for the whole database. */
  readonly schema: string | null;
  readonly #work: Client;
  readonly #guard: Client;
  readonly #setting: string;
  readonly #onNotice: (text: string) => void;
  readonly #pid: number;
  /** Whether what runs is watched for that. */
  #begun = false;
  #ended: TransactionEnd | null = null;

  private constructor(
    schema: string | null,
    work: Client,
    guard: Client,
    pid: number,
    setting: string,
    onNotice: (text: string) => void,
  ) {
    this.schema = schema;
    this.#work = work;
    this.#guard = guard;
    this.#pid = pid;
    this.#setting = setting;
    this.#onNotice = onNotice;
  }

  /**
   * Opens both and takes the lock.
   * @throws {ConnectionError}; {MigrateError} `locked`, `pooled`
   */
  static async open(options: SessionOptions, signal: AbortSignal): Promise<MigrateSession> {
    const { url, schema } = readUrl(options.url);
    const guard = await connectClient({
      url,
      parameters: { application_name: 'peakstone migrate: lock', search_path: PRIVILEGED_SEARCH_PATH },
    });
    const opened: Client[] = [guard];
    try {
      const ask: Ask = text => guard.script(text);
      await takeLock(ask, options.lockTimeoutMs, signal);
      const work = await connectClient({
        url,
        parameters: {
          application_name: 'peakstone migrate',
          ...(schema !== null && { search_path: schema }),
        },
      });
      opened.push(work);
      const pid = await assertDirect(guard, work);
      const setting = await tableLockSetting(work, options.tableLockTimeoutMs);
      return new MigrateSession(schema, work, guard, pid, setting, options.onNotice ?? (() => undefined));
    } catch (error) {
      for (const client of opened) client.close();
      throw error;
    }
  }

  /** Questions of our own: names are PostgreSQL's alone there, and nothing of a migration's is seen before it commits. */
  readonly ask: Ask = async text => {
    if (this.#guard.isClosed) throw lockLost();
    return await this.#guard.script(text);
  };

  get inTransaction(): boolean {
    return this.#work.transaction !== 'none';
  }

  /**
   * As a new connection would be: settings, role, temporary tables, cursors and channels of the file before are gone.
   * @throws {MigrateError} `locked` when the lock was lost meanwhile.
   */
  async reset(): Promise<void> {
    if (this.#guard.isClosed) throw lockLost();
    if (!this.inTransaction) {
      this.#begun = false;
      this.#ended = null;
      await this.#work.script('discard all');
      await this.#work.script(this.#setting);
      return;
    }
    await this.#work.script(
      `reset session authorization; reset all; close all; unlisten *; discard temp; discard sequences; ${this.#setting}`,
    );
  }

  /** How what has run since `begin` has ended that transaction; null while all of it can still be undone. */
  get ended(): TransactionEnd | null {
    return this.#ended;
  }

  async begin(): Promise<void> {
    await this.#work.script('begin');
    this.#begun = true;
    this.#ended = null;
  }

  /** SQL of our own as the last of a transaction, whatever role and settings have become of it. @throws {PgError} */
  async commit(text: string): Promise<void> {
    await this.#work.script(`reset session authorization; reset role; ${text}; commit`);
  }

  /** SQL of a migration, or what goes with it. @throws {PgError} */
  async run(text: string): Promise<void> {
    const tags: string[] = [];
    try {
      await this.#work.script(text, {
        onNotice: notice => this.#onNotice(notice.message),
        onResult: ({ tag }) => void tags.push(tag),
      });
    } finally {
      if (this.#begun) this.#ended ??= endedBy(text, tags);
    }
  }

  /** Rolls back what is open, if anything is. */
  async rollback(): Promise<void> {
    if (this.inTransaction && !this.#work.isClosed) await this.#work.script('rollback');
  }

  /** Asks the server to stop what runs. */
  cancel(): void {
    this.#work.cancel();
  }

  /** Who holds what the statement under way waits for; empty when it works. */
  async blockers(): Promise<string> {
    return await blockersOf(this.ask, this.#pid);
  }

  /** Gives the lock back, so that the next command finds it free, and ends both. */
  async close(): Promise<void> {
    this.#work.close();
    try {
      if (!this.#guard.isClosed) await this.#guard.script('select pg_advisory_unlock_all()');
    } catch (error) {
      // Lost at the end, it has no lock to give back.
      if (!(error instanceof ConnectionError)) throw error;
    } finally {
      this.#guard.close();
    }
  }
}

/** Takes Atlas' `search_path` out of a URL, which is no parameter of libpq's. */
export function readUrl(text: string): { readonly url: string; readonly schema: string | null } {
  const at = text.indexOf('?');
  if (at < 0 || !/^postgres(?:ql)?:\/\//.test(text)) return { url: text, schema: null };
  const parts = text.slice(at + 1).split('&');
  const named = parts.find(part => part.startsWith('search_path='));
  const rest = parts.filter(part => part !== named).join('&');
  const schema = named === undefined ? '' : decodeURIComponent(named.slice('search_path='.length));
  return { url: `${text.slice(0, at)}${rest === '' ? '' : `?${rest}`}`, schema: schema || null };
}

/**
 * A pooler that hands out a server for each transaction gives a lock of the session to whoever comes next.
 * @returns the server's process that the work is done by
 */
async function assertDirect(guard: Client, work: Client): Promise<number> {
  const pidOf = async (client: Client): Promise<number> => {
    const [[pid] = []] = await rowsOf(text => client.script(text), 'select pg_catalog.pg_backend_pid()');
    return Number(pid);
  };
  const before = await pidOf(guard);
  await work.script('begin');
  const worker = await pidOf(work);
  const after = await pidOf(guard);
  await work.script('rollback');
  if (worker !== before && before === after) return worker;
  throw new MigrateError(
    'pooled',
    'This address is a pooler’s that shares server sessions (transaction pooling): the lock that keeps two migrations apart would be lost in it.',
    'Name the database itself: port 5432 instead of the pooler’s 6432 or 6543; Supabase calls it the direct connection.',
  );
}

/** What bounds the wait for tables' locks; nothing where somebody has decided that already. */
async function tableLockSetting(work: Client, timeoutMs: number): Promise<string> {
  const [[value] = []] = await rowsOf(
    text => work.script(text),
    `select pg_catalog.current_setting('lock_timeout')`,
  );
  const bound =
    value === '0'
      ? `select pg_catalog.set_config('lock_timeout', ${quoteLiteral(`${timeoutMs}ms`)}, false);`
      : '';
  // What bounds requests is no bound for a migration, which Ctrl-C ends.
  return `${bound} select pg_catalog.set_config('statement_timeout', '0', false), pg_catalog.set_config('idle_in_transaction_session_timeout', '0', false)`;
}

function lockLost(): MigrateError {
  return new MigrateError(
    'locked',
    'The connection that holds the lock against other migrations was lost.',
    'Nothing of the file under way is kept unless it says txmode none. Look at it: peakstone migrate status',
  );
}

/** Whether a statement failed because a lock was not to be had in time. Pure. */
export function isLockTimeout(error: unknown): boolean {
  return error instanceof PgError && error.code === '55P03';
}
