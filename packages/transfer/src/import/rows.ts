import type { Reason } from '@peakstone/kernel/inventory';
import { quoteIdentifier as id } from '@peakstone/kernel/pg';
import type { Item } from '../source/index.ts';
import { type Administrator, CRON_TABLES, type CronTable } from './administrator/index.ts';
import { readCopy } from './command.ts';
import type { Decider } from './decide.ts';
import type { Case } from './filter.ts';
import { texts } from './journal.ts';
import { type ObjectName, showName } from './names.ts';
import type { Note, Notes } from './notes.ts';
import { type PlainInsert, plainInsert } from './plainInsert.ts';
import type { ImportSession } from './session.ts';

type Rows = Extract<Item, { kind: 'rows' }>;
type LargeObject = Extract<Item, { kind: 'largeObject' }>;

const BY_HAND = 'Make the jobs by hand: select cron.schedule(name, schedule, command)';

/** The administrator writes jobs in words of our own, and so cannot do more than pg_dump's COPY says. */
const SPECIAL_COPY: Reason = {
  why: 'its COPY has a condition or options, which are not run as the administrator',
  remedy: BY_HAND,
};

const OUT_OF_BOUNDS: Reason = {
  why: 'their numbers are out of bounds: none would be left for others',
  remedy: BY_HAND,
};

/** Brings rows into their tables, and counts them. */
export class RowLoader {
  readonly #session: ImportSession;
  readonly #administrator: Administrator;
  readonly #dump: Case;
  readonly #decider: Decider;
  readonly #notes: Notes;
  readonly #counts: Record<string, number> = {};
  /** By table and reason. */
  readonly #leftOut = new Map<string, { readonly table: string; count: number; readonly reason: Reason }>();

  constructor(
    session: ImportSession,
    administrator: Administrator,
    dump: Case,
    decider: Decider,
    notes: Notes,
  ) {
    this.#session = session;
    this.#administrator = administrator;
    this.#dump = dump;
    this.#decider = decider;
    this.#notes = notes;
  }

  /** By table. */
  get counts(): Readonly<Record<string, number>> {
    return this.#counts;
  }

  /** Rows without a place. Nothing is lost with a table that had none. */
  get leftOut(): readonly Note[] {
    return [...this.#leftOut.values()].map(({ table, count, reason }) => ({
      kind: 'aside',
      what: 'rows',
      name: `${table} (${count})`,
      ...reason,
    }));
  }

  /** What a run before this one brought in. */
  takeUp(counts: Readonly<Record<string, number>>): void {
    Object.assign(this.#counts, counts);
  }

  async takeRows({ copy, rows, at }: Rows): Promise<void> {
    const { object, columns } = readCopy(copy);
    const table = showName(object);
    const title = `rows of ${table}`;
    const refusal = this.#decideRows(copy);
    if (refusal !== null) {
      this.#leave(table, await countRows(rows), refusal);
      return;
    }
    if (this.#isCron(table)) {
      await this.#session.attempt(title, at, async () =>
        this.#arrived(table, await this.#writeJobs(table, columns, rows)),
      );
      return;
    }
    await this.#session.attempt(title, at, async () => {
      await this.#completeTable(table, columns);
      const results = await this.#session.withSearchPath(() =>
        this.#session.client.script(copy, { copyIn: () => rows }),
      );
      await this.#arrived(table, countOf(results.at(-1)?.tag));
    });
  }

  /** Of rows that a run before this one took: what it left out, and the columns that it added, are told again. */
  async passOver({ copy, rows }: Rows): Promise<void> {
    const { object, columns } = readCopy(copy);
    const refusal = this.#decideRows(copy);
    if (refusal !== null) this.#leave(showName(object), await countRows(rows), refusal);
    else if (!this.#isCron(showName(object))) this.#missingColumns(showName(object), columns);
  }

  passOverInsert(text: string, object: ObjectName, columns: readonly string[]): void {
    const table = showName(object);
    if (this.#cronInsert(text, table, columns) !== null) return;
    const refusal = this.#decider.decideRows(object);
    if (refusal !== null) this.#leave(table, 1, refusal);
    else this.#missingColumns(table, columns);
  }

  async takeInsert(text: string, at: string, object: ObjectName, columns: readonly string[]): Promise<void> {
    const table = showName(object);
    const own = this.#cronInsert(text, table, columns);
    if (own !== null) {
      await this.#session.attempt(`a row of ${table}`, at, async () =>
        this.#arrived(table, await this.#writeJobs(own.table, own.columns, own.values)),
      );
      return;
    }
    const refusal = this.#decider.decideRows(object);
    if (refusal !== null) {
      this.#leave(table, 1, refusal);
      return;
    }
    await this.#completeTable(table, columns);
    const tag = await this.#session.say(text, `a row of ${table}`, at);
    if (tag !== null) await this.#arrived(table, countOf(tag));
    await this.#session.commitNowAndThen();
  }

  async takeLargeObject({ oid, data, at }: LargeObject): Promise<void> {
    const { client } = this.#session;
    await this.#session.attempt(`large object ${oid}`, at, async () => {
      const [row] = await texts(
        client,
        `select exists (select from pg_catalog.pg_largeobject_metadata where oid = ${oid})`,
      );
      if (row?.[0] !== 't') await client.script(`select pg_catalog.lo_create(${oid})`);
      let offset = 0;
      for await (const chunk of data) {
        await client.script(`select pg_catalog.lo_put(${oid}, ${offset}, '\\x${chunk.toString('hex')}')`);
        offset += chunk.length;
      }
      await this.#arrived('large objects', 1);
    });
  }

  /** Counts the rows of a COPY that would come in. */
  async rehearseRows({ copy, rows }: Rows): Promise<void> {
    this.#count(showName(readCopy(copy).object), await countRows(rows), this.#decideRows(copy));
  }

  /** The same of a row in a statement. */
  rehearseInsert(text: string, object: ObjectName, columns: readonly string[]): void {
    const table = showName(object);
    const isJob = this.#cronInsert(text, table, columns) !== null;
    this.#count(table, 1, isJob ? null : this.#decider.decideRows(object));
  }

  /** An INSERT of jobs, which the administrator does; null where it is for another table, or more than values. */
  #cronInsert(
    text: string,
    table: string,
    columns: readonly string[],
  ): { readonly table: CronTable; readonly columns: readonly string[]; readonly values: PlainInsert } | null {
    const values = this.#isCron(table) ? plainInsert(text) : null;
    return values === null || !this.#isCron(table) ? null : { table, columns, values };
  }

  /** Resolves with how many came in; those that may not are told. */
  async #writeJobs(
    table: CronTable,
    columns: readonly string[],
    source: AsyncIterable<Buffer> | PlainInsert,
  ): Promise<number> {
    const jobs = { kind: 'write jobs', table, columns } as const;
    const tags =
      Symbol.asyncIterator in source
        ? await this.#administrator.do({ ...jobs, values: null }, source)
        : await this.#administrator.do({ ...jobs, values: source });
    const left = countOf(tags.find(tag => tag.startsWith('DELETE ')));
    this.#leave(table, left, OUT_OF_BOUNDS);
    return countOf(tags.find(tag => /^(?:COPY|INSERT) /.test(tag))) - left;
  }

  #count(table: string, count: number, refusal: Reason | null): void {
    if (refusal === null) this.#counts[table] = (this.#counts[table] ?? 0) + count;
    else this.#leave(table, count, refusal);
  }

  /** Why the rows of a COPY are left out; null where they are not. */
  #decideRows(copy: string): Reason | null {
    const { object, isPlain } = readCopy(copy);
    if (!this.#isCron(showName(object))) return this.#decider.decideRows(object);
    return isPlain ? null : SPECIAL_COPY;
  }

  #isCron(table: string): table is CronTable {
    return CRON_TABLES.some(name => name === table) && table in this.#dump.world.relations;
  }

  async #arrived(table: string, count: number): Promise<void> {
    this.#counts[table] = (this.#counts[table] ?? 0) + count;
    await this.#session.journal.rows(table, count);
  }

  #leave(table: string, count: number, reason: Reason): void {
    if (count === 0) return;
    const key = JSON.stringify([table, reason.why]);
    const before = this.#leftOut.get(key);
    if (before) before.count += count;
    else this.#leftOut.set(key, { table, count, reason });
  }

  /** Columns that the bootstrap's skeleton of a table lacks, as the dump's rows have them. */
  async #completeTable(table: string, columns: readonly string[]): Promise<void> {
    const missing = this.#missingColumns(table, columns);
    if (missing.length === 0) return;
    const name = table.split('.').map(id).join('.');
    await this.#session.begin();
    await this.#session.client.script(
      `alter table ${name} ${missing.map(column => `add column if not exists ${id(column)} text`).join(', ')}`,
    );
  }

  /** Which of them are to be added, which is told. */
  #missingColumns(table: string, columns: readonly string[]): readonly string[] {
    const { world, survey } = this.#dump;
    const present = world.relations[table];
    if (present === undefined || survey.created.has(table)) return [];
    const missing = columns.filter(column => !present.includes(column));
    if (missing.length > 0)
      this.#notes.add({
        kind: 'changed',
        what: 'columns',
        name: table,
        why: `${missing.join(', ')} were added as text, for the dump’s rows`,
      });
    return missing;
  }
}

async function countRows(rows: AsyncIterable<Buffer>): Promise<number> {
  let count = 0;
  for await (const part of rows)
    for (let at = part.indexOf(10); at >= 0; at = part.indexOf(10, at + 1)) count++;
  return count;
}

/** `COPY 5`, `INSERT 0 5`. */
function countOf(tag: string | undefined): number {
  return Number(/\d+$/.exec(tag ?? '')?.[0] ?? 0);
}
