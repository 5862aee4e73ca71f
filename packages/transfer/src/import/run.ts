/**
 * The import itself. All that the dump says is said by the login that will own it, so that nothing in it can act as the
 * administrator; what only the administrator may is written by us. Each batch commits together with its place in the
 * journal, so that a run that was killed goes on where it was.
 */
import {
  type Client,
  ConnectionError,
  connectClient,
  createPrivilegedPool,
  quoteIdentifier as id,
  PgError,
  type Pool,
  parseConninfo,
} from '@peakstone/kernel/pg';
import { TransferError } from '../errors.ts';
import { type DumpSource, type Item, openDump } from '../source/index.ts';
import { checkImport } from './check.ts';
import { CRON_TABLES, importCronRows, isPlainInsert } from './cron.ts';
import { Decider, type Decision, type Origin } from './decide.ts';
import { absentExtensions, prepareExtensions } from './extensions.ts';
import { finishImport } from './finish.ts';
import { Journal, lockImport, texts } from './journal.ts';
import { readQualified, showName } from './names.ts';
import { type ImportReport, type Note, Notes } from './notes.ts';
import { REQUEST_ROLES } from './platform.ts';
import { readCopy, readSaid } from './said.ts';
import { type Survey, surveyDump } from './survey.ts';
import { lookAtWorld, type World } from './world.ts';

export interface ImportOptions {
  readonly origin: Origin;
  /** An archive, a folder, or plain files in their order. */
  readonly files: readonly string[];
  /** The administrator's address. */
  readonly adminUrl: string;
  /** Of the login that shall own what is imported. */
  readonly ownerUrl: string;
  /** Which database of a pg_dumpall. Default `postgres`. */
  readonly database?: string;
  /** Says what would be done, and does nothing. */
  readonly dryRun?: boolean;
  readonly onProgress?: (progress: ImportProgress) => void;
  readonly signal?: AbortSignal;
}

export interface ImportProgress {
  readonly phase: 'reading' | 'importing' | 'finishing';
  /** Of 1. */
  readonly share: number;
  /** What is under way. */
  readonly text: string;
}

/** Statements that commit together. */
const BATCH = 200;

/**
 * Imports a dump. Run again after it was killed, it goes on.
 * @throws {TransferError} before anything is changed, when it cannot be done; or when it was interrupted.
 * @throws {ConnectionError} when the server went away.
 */
export async function importDump(options: ImportOptions): Promise<ImportReport> {
  const { files, adminUrl, ownerUrl, dryRun = false, onProgress = () => undefined } = options;
  const source = await openDump(files);
  const survey = await surveyDump(source, {
    database: options.database ?? 'postgres',
    onProgress: (bytes, total) =>
      onProgress({ phase: 'reading', share: total === 0 ? 0 : bytes / total, text: 'reading the dump' }),
  });
  const admin = createPrivilegedPool({ url: adminUrl, name: 'peakstone import' });
  let client: Client | null = null;
  try {
    client = await openOwner(ownerUrl);
    const { cancel } = client;
    options.signal?.addEventListener('abort', cancel, { once: true });
    await lockImport(client);
    const found = await Journal.find(client, source.identity);
    const world = found?.unfinished.world ?? (await lookAtWorld(admin, parseConninfo(ownerUrl).user));
    const notes = new Notes();
    for (const note of absentExtensions(world, survey)) notes.add(note);
    for (const note of found?.unfinished.notes ?? []) notes.add(note);
    const importer = new Importer({ options, source, survey, world, admin, client, notes, onProgress });
    if (dryRun) return await importer.rehearse(found === null);
    if (found) importer.takeUp(found.journal, found.unfinished.position, found.unfinished.rows);
    else await importer.begin();
    return await importer.run();
  } catch (error) {
    if (options.signal?.aborted)
      throw new TransferError('Interrupted.', {
        hint: 'Run the same command again: it goes on where it was.',
        cause: error,
      });
    throw error;
  } finally {
    client?.close();
    await admin.close();
  }
}

async function openOwner(url: string): Promise<Client> {
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

interface Parts {
  readonly options: ImportOptions;
  readonly source: DumpSource;
  readonly survey: Survey;
  readonly world: World;
  readonly admin: Pool;
  readonly client: Client;
  readonly notes: Notes;
  readonly onProgress: (progress: ImportProgress) => void;
}

/** One run over a dump. */
class Importer {
  readonly #parts: Parts;
  readonly #decider: Decider;
  readonly #made: Record<string, number> = {};
  readonly #rows: Record<string, number> = {};
  /** What is said when all else is done. */
  readonly #last: { readonly text: string; readonly at: string }[] = [];
  #journal: Journal | null = null;
  /** Items that a run before this one did. */
  #done = 0;
  #position = 0;
  #batched = 0;
  /** Inside of a transaction of the dump's own, such as that of a large object. */
  #held = false;

  constructor(parts: Parts) {
    this.#parts = parts;
    const { world, survey, options } = parts;
    this.#decider = new Decider({ origin: options.origin, world, survey });
  }

  /** What would be done. @throws {TransferError} as the import would. */
  async rehearse(isNew: boolean): Promise<ImportReport> {
    if (isNew) await this.#check();
    this.#grantsAsSupabase();
    await this.#eachItem(async item => {
      if (item.kind === 'rows') await this.#rehearseRows(item);
      else if (item.kind === 'statement') {
        const said = readSaid(item.text);
        const table = said.kind === 'insert' ? said.object : null;
        const refusal = table === null ? null : this.#decider.decideRows(table);
        if (table !== null && refusal === null) this.#count(showName(table), 1);
        else if (table !== null && refusal !== null) this.#asideRows(showName(table), 1, refusal);
        else this.#tell(this.#decider.decide(said, item.text, item.at));
      }
    });
    return await this.#report([]);
  }

  async begin(): Promise<void> {
    const { admin, client, world, survey, source, notes } = this.#parts;
    const replaced = await this.#check();
    await client.script('begin');
    if (replaced.length > 0) {
      const tables = replaced.map(name => name.split('.').map(id).join('.')).join(', ');
      await client.script(`drop table ${tables}`).catch(error => {
        throw new TransferError(
          `The stack’s empty tables of auth and storage cannot make way: ${(error as Error).message}.`,
          {
            hint: 'Import before the application’s own tables and policies are made: into a stack of its own, in another folder.',
            cause: error,
          },
        );
      });
    }
    this.#journal = await Journal.begin(client, source.identity, {
      ...world,
      relations: Object.fromEntries(
        Object.entries(world.relations).filter(([name]) => !replaced.includes(name)),
      ),
    });
    await client.script('commit');
    await prepareExtensions(admin, world, survey, note => notes.add(note));
    for (const note of notes.all) if (note.kind !== 'aside') await this.#journal.note(0, note);
    await this.#prepare();
  }

  takeUp(journal: Journal, position: number, rows: Readonly<Record<string, number>>): void {
    this.#journal = journal;
    this.#done = position;
    Object.assign(this.#rows, rows);
  }

  async run(): Promise<ImportReport> {
    const { client, world, admin, onProgress } = this.#parts;
    // Without what fires on rows: their effects are in the dump already.
    await client.script('set session_replication_role = replica').catch(ignoreRefusal);
    await this.#eachItem(item => this.#take(item));
    await this.#commit();
    onProgress({ phase: 'finishing', share: 1, text: 'privileges and statistics' });
    for (const { text, at } of this.#last) await this.#say(text, at);
    await this.#commit();
    const openTables = await finishImport(admin, client, world, this.#grantsAsSupabase());
    const report = await this.#report(openTables);
    await this.#journal!.end();
    return report;
  }

  /** A dump without privileges would leave the roles of requests without any. */
  #grantsAsSupabase(): boolean {
    const { options, survey, world, notes } = this.#parts;
    if (survey.hasPrivileges) return false;
    const isGranted =
      options.origin === 'supabase' && REQUEST_ROLES.every(role => world.roles.includes(role));
    if (survey.tables.length > 0)
      notes.add({
        kind: isGranted ? 'changed' : 'warning',
        what: 'privileges',
        name: 'public',
        why: isGranted
          ? 'the dump says nothing of who may do what (--no-acl), so that the roles of requests have what Supabase gives them'
          : 'the dump says nothing of who may do what (--no-acl), so that only the owner may anything',
        ...(!isGranted && { remedy: 'Grant it, or make the dump without --no-acl.' }),
      });
    return isGranted;
  }

  async #check(): Promise<readonly string[]> {
    const { options, world, survey, admin } = this.#parts;
    return await checkImport(options.origin, world, survey, async table => {
      const name = table.split('.').map(id).join('.');
      const { rows } = await admin.query(`select exists (select from ${name})`);
      return rows[0]?.[0]?.toString() === 't';
    });
  }

  /** What the owner may for as long as the import runs, and what is not given to anybody meanwhile. */
  async #prepare(): Promise<void> {
    const { admin, client, world } = this.#parts;
    const owner = id(world.owner);
    if (world.foreignSchemas.includes('auth'))
      await admin.script(`grant usage, create on schema auth to ${owner}`);
    if (!world.mayLoadWithoutTriggers && world.isSuperuser)
      await admin.script(`grant set on parameter session_replication_role to ${owner}`);
    // The dump says who may do what. What the stack gives by default would come on top, to roles that those of requests inherit.
    for (const statement of world.defaults.revoke) await client.script(statement);
  }

  async #eachItem(take: (item: Item) => Promise<void>): Promise<void> {
    const { source, survey, options, onProgress } = this.#parts;
    const wanted = options.database ?? 'postgres';
    let isWanted = true;
    for await (const item of source.items()) {
      options.signal?.throwIfAborted();
      this.#position++;
      if (item.kind === 'database') {
        isWanted = item.name === wanted;
        if (!isWanted && item.name !== 'template1')
          this.#parts.notes.add({
            kind: 'aside',
            what: 'database',
            name: item.name,
            why: `only ${wanted} was asked for`,
            remedy: `--database ${item.name}`,
          });
        continue;
      }
      if (!isWanted) continue;
      onProgress({ phase: 'importing', share: this.#position / survey.items, text: titleOf(item) });
      await take(item);
    }
  }

  async #take(item: Item): Promise<void> {
    const isDone = this.#position <= this.#done;
    if (item.kind === 'rows') {
      if (!isDone) await this.#takeRows(item);
      return;
    }
    if (item.kind === 'largeObject') {
      if (!isDone) await this.#takeLargeObject(item);
      return;
    }
    if (item.kind === 'database') return;
    const said = readSaid(item.text);
    if (said.kind === 'insert') {
      if (!isDone) await this.#takeInsert(item, showName(said.object), said.columns);
      return;
    }
    const decision = this.#decider.decide(said, item.text, item.at);
    this.#tell(decision);
    if (decision.do === 'run last') this.#last.push({ text: decision.text, at: item.at });
    if (decision.do === 'set') await this.#say(decision.text, item.at);
    if (isDone) return;
    if (decision.do === 'run') await this.#say(decision.text, item.at);
    else if (decision.do === 'administer') await this.#administer(decision.text, item.at);
    else if (decision.do === 'begin') this.#held = true;
    else if (decision.do === 'end') this.#held = false;
    if (++this.#batched >= BATCH && !this.#held) await this.#commit();
  }

  #tell(decision: Decision): void {
    if ('note' in decision && decision.note) this.#parts.notes.add(decision.note);
    if ('made' in decision && decision.made) this.#made[decision.made] = (this.#made[decision.made] ?? 0) + 1;
  }

  /** One statement of the dump, which may fail without taking those before it along. */
  async #say(text: string, at: string): Promise<void> {
    const { client } = this.#parts;
    if (client.transaction === 'none') await client.script('begin');
    await client.script('savepoint peakstone');
    try {
      await client.script(text);
      await client.script('release savepoint peakstone');
    } catch (error) {
      if (!(error instanceof PgError)) throw error;
      this.#parts.options.signal?.throwIfAborted();
      await client.script('rollback to savepoint peakstone; release savepoint peakstone');
      await this.#fail(at, error);
    }
  }

  async #administer(text: string, at: string): Promise<void> {
    // It must see what was made before.
    await this.#commit();
    try {
      await this.#parts.admin.script(text);
    } catch (error) {
      if (!(error instanceof PgError)) throw error;
      await this.#fail(at, error);
    }
  }

  async #fail(at: string, { fields }: PgError): Promise<void> {
    const note: Note = {
      kind: 'failed',
      what: 'statement',
      name: at,
      why: fields.message,
      ...(fields.hint !== undefined && { remedy: fields.hint }),
      at,
    };
    this.#parts.notes.add(note);
    const { client } = this.#parts;
    if (client.transaction === 'none') await client.script('begin');
    await this.#journal!.note(this.#position, note);
  }

  async #commit(): Promise<void> {
    const { client } = this.#parts;
    if (client.transaction === 'none') await client.script('begin');
    await this.#journal!.advance(Math.max(this.#position, this.#done));
    await client.script('commit');
    this.#batched = 0;
  }

  async #takeRows({ copy, rows, at }: Extract<Item, { kind: 'rows' }>): Promise<void> {
    const { client, world, admin } = this.#parts;
    const { object, columns } = readCopy(copy);
    const table = showName(object);
    if (CRON_TABLES.includes(table) && table in world.relations) {
      await this.#commit();
      await this.#attempt(table, at, () => importCronRows(admin, world, copy, rows));
      return;
    }
    const refusal = this.#decider.decideRows(object);
    if (refusal !== null) {
      this.#asideRows(table, await countRows(rows), refusal);
      return;
    }
    await this.#commit();
    await this.#completeTable(table, columns);
    await this.#attempt(table, at, async () => {
      const results = await client.script(copy, { copyIn: () => rows });
      return Number(/\d+$/.exec(results.at(-1)?.tag ?? '')?.[0] ?? 0);
    });
  }

  /** Rows of one table, in a transaction of their own, with their number. */
  async #attempt(table: string, at: string, load: () => Promise<number>): Promise<void> {
    const { client, options } = this.#parts;
    await client.script('begin');
    try {
      const count = await load();
      this.#count(table, count);
      await this.#journal!.rows(table, count);
    } catch (error) {
      if (!(error instanceof PgError)) throw error;
      options.signal?.throwIfAborted();
      if (client.transaction !== 'none') await client.script('rollback');
      await this.#fail(`rows of ${table} (${at})`, error);
    }
    await this.#commit();
  }

  async #takeInsert(
    item: Extract<Item, { kind: 'statement' }>,
    table: string,
    columns: readonly string[],
  ): Promise<void> {
    const { client, world, admin } = this.#parts;
    const text = item.text;
    if (CRON_TABLES.includes(table) && table in world.relations && isPlainInsert(text)) {
      await this.#commit();
      await this.#attempt(table, item.at, () => importCronRows(admin, world, text, null));
      return;
    }
    const refusal = this.#decider.decideRows(readQualified(table.split('.').map(id).join('.')));
    if (refusal !== null) {
      this.#asideRows(table, 1, refusal);
      return;
    }
    if (columns.length > 0) await this.#completeTable(table, columns);
    if (client.transaction === 'none') await client.script('begin');
    await client.script('savepoint peakstone');
    try {
      const results = await client.script(text);
      const count = Number(/\d+$/.exec(results.at(-1)?.tag ?? '')?.[0] ?? 0);
      await client.script('release savepoint peakstone');
      this.#count(table, count);
      await this.#journal!.rows(table, count);
    } catch (error) {
      if (!(error instanceof PgError)) throw error;
      await client.script('rollback to savepoint peakstone; release savepoint peakstone');
      await this.#fail(`a row of ${table} (${item.at})`, error);
    }
    if (++this.#batched >= BATCH) await this.#commit();
  }

  /** Columns that the bootstrap's skeleton of a table lacks, as the dump's rows have them. */
  async #completeTable(table: string, columns: readonly string[]): Promise<void> {
    const { client, world, survey, notes } = this.#parts;
    const present = world.relations[table];
    if (present === undefined || survey.created.has(table)) return;
    const missing = columns.filter(column => !present.includes(column));
    if (missing.length === 0) return;
    const name = table.split('.').map(id).join('.');
    await client.script(
      `alter table ${name} ${missing.map(column => `add column if not exists ${id(column)} text`).join(', ')}`,
    );
    notes.add({
      kind: 'changed',
      what: 'columns',
      name: table,
      why: `${missing.join(', ')} were added as text, for the dump’s rows`,
    });
  }

  async #takeLargeObject({ oid, data, at }: Extract<Item, { kind: 'largeObject' }>): Promise<void> {
    const { client } = this.#parts;
    await this.#commit();
    await this.#attempt('large objects', at, async () => {
      const [[exists]] = (await texts(
        client,
        `select exists (select from pg_catalog.pg_largeobject_metadata where oid = ${oid})`,
      )) as [[string]];
      if (exists !== 't') await client.script(`select pg_catalog.lo_create(${oid})`);
      let offset = 0;
      for await (const chunk of data) {
        await client.script(`select pg_catalog.lo_put(${oid}, ${offset}, '\\x${chunk.toString('hex')}')`);
        offset += chunk.length;
      }
      return 1;
    });
  }

  async #rehearseRows({ copy, rows }: Extract<Item, { kind: 'rows' }>): Promise<void> {
    const { object } = readCopy(copy);
    const table = showName(object);
    const count = await countRows(rows);
    const isCron = CRON_TABLES.includes(table) && table in this.#parts.world.relations;
    const refusal = isCron ? null : this.#decider.decideRows(object);
    if (refusal === null) this.#count(table, count);
    else this.#asideRows(table, count, refusal);
  }

  #count(table: string, rows: number): void {
    this.#rows[table] = (this.#rows[table] ?? 0) + rows;
  }

  readonly #asideCounts = new Map<string, number>();

  /** Nothing is lost with a table without rows. */
  #asideRows(table: string, count: number, reason: { readonly why: string; readonly remedy?: string }): void {
    if (count === 0) return;
    this.#asideCounts.set(table, (this.#asideCounts.get(table) ?? 0) + count);
    this.#asideReasons.set(table, reason);
  }

  readonly #asideReasons = new Map<string, { readonly why: string; readonly remedy?: string }>();

  async #report(openTables: readonly string[]): Promise<ImportReport> {
    const { options, notes } = this.#parts;
    for (const [table, count] of this.#asideCounts)
      notes.add({
        kind: 'aside',
        what: 'rows',
        name: `${table} (${count})`,
        ...this.#asideReasons.get(table)!,
      });
    return {
      source: options.files,
      dryRun: options.dryRun === true,
      rows: this.#rows,
      made: this.#made,
      notes: notes.all,
      openTables,
    };
  }
}

async function countRows(rows: AsyncIterable<Buffer>): Promise<number> {
  let count = 0;
  for await (const part of rows)
    for (let at = part.indexOf(10); at >= 0; at = part.indexOf(10, at + 1)) count++;
  return count;
}

function titleOf(item: Item): string {
  if (item.kind === 'rows') return `rows of ${showName(readCopy(item.copy).object)}`;
  return item.kind === 'database' ? item.name : item.at;
}

function ignoreRefusal(error: unknown): void {
  // On a server where nobody may: foreign keys and triggers then see the rows.
  if (error instanceof PgError && error.code === '42501') return;
  if (error instanceof ConnectionError) throw error;
  throw error;
}
