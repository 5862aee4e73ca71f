import { type Client, connectClient, quoteIdentifier as id, PgError } from '@peakstone/kernel/pg';
import { type Act, type Administrator, UnlistedError } from './administrator/index.ts';
import { type Journal, MARK_OWN, texts } from './journal.ts';
import { madeBy } from './makes.ts';
import type { Note, Notes } from './notes.ts';

/**
 * A connection of whoever shall own what is imported, set as pg_dump's scripts expect it. Nothing in a dump can be more
 * than this login.
 */
export async function connectOwner(url: string): Promise<Client> {
  const client = await connectClient({
    url,
    parameters: { application_name: 'peakstone import', search_path: '', client_min_messages: 'warning' },
  });
  await client.script(`select pg_catalog.set_config(name, value, false) from (values
    ('statement_timeout', '0'), ('lock_timeout', '0'), ('idle_in_transaction_session_timeout', '0'), ('transaction_timeout', '0'),
    ('check_function_bodies', 'off'), ('row_security', 'off'), ('xmloption', 'content'), ('standard_conforming_strings', 'on'),
    ('default_transaction_read_only', 'off')) as setting (name, value)`);
  return client;
}

/** What an import says to the server, and how far it is. What is done and that it is done commit together. */
export class ImportSession {
  readonly client: Client;
  readonly #administrator: Administrator;
  readonly #notes: Notes;
  readonly #signal: AbortSignal | undefined;
  readonly #searchPath: readonly string[];
  #journal: Journal | null = null;
  /** The item that is being taken, from 1. */
  position = 0;
  /** Items that a run before this one did. */
  done = 0;
  /** Items of which the server refused something, in this run or one before it. */
  readonly refused = new Set<number>();
  #batched = 0;

  /** @param searchPath how names without a schema were looked up where the dump was made */
  constructor(
    client: Client,
    administrator: Administrator,
    notes: Notes,
    searchPath: readonly string[],
    signal: AbortSignal | undefined,
  ) {
    this.client = client;
    this.#searchPath = searchPath;
    this.#administrator = administrator;
    this.#notes = notes;
    this.#signal = signal;
  }

  /** Writes into this journal from now on, which has so many items done, and those refused. */
  follow(journal: Journal, done: number, refused: readonly number[] = []): void {
    this.#journal = journal;
    this.done = done;
    for (const position of refused) this.refused.add(position);
  }

  get journal(): Journal {
    if (this.#journal === null) throw new Error('an import without a journal');
    return this.#journal;
  }

  async begin(): Promise<void> {
    if (this.client.transaction === 'none') await this.client.script('begin');
  }

  /** Up to the item before the present one, or with it. */
  async commit(up: 'before' | 'with'): Promise<void> {
    await this.begin();
    const reached = up === 'with' ? this.position : this.position - 1;
    await this.journal.advance(Math.max(reached, this.done, 0));
    await this.client.script('commit');
    this.#batched = 0;
  }

  /** After an item of many. */
  async commitNowAndThen(): Promise<void> {
    if (++this.#batched >= BATCH) await this.commit('with');
  }

  /**
   * One statement of the dump, which may fail without taking those before it along.
   * @returns the tag of what it did, or null when the server refused it, which is told.
   */
  async say(text: string, name: string, at: string): Promise<string | null> {
    await this.begin();
    const first = await this.#try(() => this.client.script(text));
    if (!(first instanceof PgError)) return first.at(-1)?.tag ?? '';
    if (MAYBE_UNQUALIFIED.has(first.code) && this.#searchPath.length > 0) {
      const second = await this.#try(() => this.withSearchPath(() => this.client.script(text)));
      if (!(second instanceof PgError)) {
        await this.#tell({
          kind: 'changed',
          what: 'search path',
          name,
          why: `a function that it calls names things without a schema, so that it was said under the search path ${this.#searchPath.join(', ')}`,
          remedy: `Give the function its own: alter function … set search_path = ${this.#searchPath.map(id).join(', ')}`,
          at,
        });
        return second.at(-1)?.tag ?? '';
      }
    }
    await this.#refused(name, at, first, madeBy(text));
    return null;
  }

  /**
   * Work during which names without a schema are looked up as in the source, in a transaction: checks, generated columns and
   * domains call functions that were made for that. A dump that sets a path itself is obeyed.
   */
  async withSearchPath<T>(work: () => Promise<T>): Promise<T> {
    const [[before]] = (await texts(this.client, `select pg_catalog.current_setting('search_path')`)) as [
      [string],
    ];
    if (this.#searchPath.length === 0 || (before !== '' && before !== '""')) return await work();
    await this.client.script(`set local search_path to ${this.#searchPath.map(id).join(', ')}`);
    const done = await work();
    await this.client.script(`set local search_path to ''`);
    return done;
  }

  /** Under a savepoint. @returns what the server refuses */
  async #try<T>(work: () => Promise<T>): Promise<T | PgError> {
    await this.client.script('savepoint peakstone');
    try {
      const done = await work();
      await this.client.script(`${MARK_OWN}; release savepoint peakstone`);
      return done;
    } catch (error) {
      if (!(error instanceof PgError)) throw error;
      this.#signal?.throwIfAborted();
      await this.client.script('rollback to savepoint peakstone; release savepoint peakstone');
      return error;
    }
  }

  /** By the administrator, who must see what was made before. One that is refused is told, and keeps none of the others back. */
  async administer(acts: readonly Act[], at: string): Promise<void> {
    await this.commit('before');
    for (const act of acts) {
      try {
        await this.#administrator.do(act);
      } catch (error) {
        if (!(error instanceof PgError) && !(error instanceof UnlistedError)) throw error;
        await this.#refused(at, at, error);
      }
    }
  }

  /** Work in a transaction of its own; what the server refuses is told. */
  async attempt(name: string, at: string, work: () => Promise<void>): Promise<void> {
    await this.commit('before');
    await this.begin();
    try {
      await work();
    } catch (error) {
      if (!(error instanceof PgError)) throw error;
      this.#signal?.throwIfAborted();
      if (this.client.transaction !== 'none') await this.client.script('rollback');
      await this.#refused(name, at, error);
    }
    await this.commit('with');
  }

  async #refused(name: string, at: string, error: PgError | UnlistedError, makes?: string): Promise<void> {
    const { message: why } = error;
    this.refused.add(this.position);
    const hint = error instanceof PgError ? error.fields.hint : undefined;
    const note = {
      kind: 'failed',
      what: 'statement',
      name,
      why,
      ...(hint !== undefined && { remedy: hint }),
      at,
      ...(error instanceof PgError && { code: error.code }),
      ...(makes !== undefined && { makes }),
    } as const;
    await this.#tell(note);
  }

  /** Also by a run that takes this one up. */
  async #tell(note: Note): Promise<void> {
    this.#notes.add(note);
    await this.journal.note(this.position, note);
  }
}

/** No such function, relation, or type and the like: what a name without a schema leads to under an empty search path. */
const MAYBE_UNQUALIFIED: ReadonlySet<string> = new Set(['42883', '42P01', '42704']);

/** Statements that commit together. */
const BATCH = 200;
