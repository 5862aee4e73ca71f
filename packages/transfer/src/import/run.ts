/**
 * The import itself. All that the dump says is said by the login that will own it, so that nothing in it can act as the
 * administrator; what only the administrator may is written by us. Each batch commits together with its place in the
 * journal, so that a run that was killed goes on where it was.
 */
import { EXTENSIONS_SCHEMA, SUPABASE_REQUEST_ROLES } from '@peakstone/kernel/inventory';
import {
  type Client,
  createPrivilegedPool,
  quoteIdentifier as id,
  PgError,
  type Pool,
  parseConninfo,
} from '@peakstone/kernel/pg';
import { TransferError } from '../errors.ts';
import { type DumpSource, type Item, openDump } from '../source/index.ts';
import { Administrator, LENT_LOADING } from './administrator/index.ts';
import { checkImport } from './check.ts';
import { readCommand, readCopy } from './command.ts';
import { Decider } from './decide.ts';
import type { Decision, Origin } from './decision.ts';
import { absentExtensions, prepareExtensions } from './extensions.ts';
import { ImportFilter } from './filter.ts';
import { finishImport } from './finish.ts';
import { Journal, lockImport, texts, type Unfinished } from './journal.ts';
import { showName } from './names.ts';
import { type ImportReport, Notes } from './notes.ts';
import { RowLoader } from './rows.ts';
import { connectOwner, ImportSession } from './session.ts';
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
  /** Which database of those that the dump connects to. Default: the one that holds anything, or `postgres`. */
  readonly database?: string;
  /** Takes a text that does not end as a dump ends. What it does not say of privileges then stays closed. */
  readonly allowIncomplete?: boolean;
  /** Says what would be done, and does nothing. */
  readonly dryRun?: boolean;
  readonly onProgress?: (progress: ImportProgress) => void;
  readonly signal?: AbortSignal;
}

export interface ImportProgress {
  readonly phase: 'dumping' | 'reading' | 'importing' | 'finishing';
  /** Of 1. */
  readonly share: number;
  /** What is under way. */
  readonly text: string;
}

/**
 * Imports a dump. Run again after it was killed, it goes on.
 * @throws {TransferError} before anything is changed, when it cannot be done; or when it was interrupted.
 * @throws {ConnectionError} when the server went away.
 */
export async function importDump(options: ImportOptions): Promise<ImportReport> {
  const { files, adminUrl, ownerUrl, dryRun = false, onProgress = () => undefined } = options;
  const source = await openDump(files);
  const survey = await surveyDump(source, {
    database: options.database ?? null,
    onProgress: (bytes, total) =>
      onProgress({ phase: 'reading', share: total === 0 ? 0 : bytes / total, text: 'reading the dump' }),
  });
  if (!options.allowIncomplete && survey.items > 0) assertWhole(source);
  const admin = createPrivilegedPool({ url: adminUrl, name: 'peakstone import' });
  let client: Client | null = null;
  try {
    client = await connectOwner(ownerUrl);
    const { cancel } = client;
    options.signal?.addEventListener('abort', cancel, { once: true });
    await lockImport(client);
    const found = await Journal.find(admin, client, source.identity);
    const world = found?.unfinished.world ?? (await lookAtWorld(admin, parseConninfo(ownerUrl).user));
    const notes = new Notes();
    for (const note of absentExtensions(world, survey)) notes.add(note);
    for (const note of found?.unfinished.notes ?? []) notes.add(note);
    const administrator = new Administrator(admin, world);
    const parts = { options, source, survey, world, admin, administrator, client, notes, onProgress };
    const importer = new Importer(parts);
    if (dryRun) return await importer.rehearse(found === null);
    if (found) await importer.takeUp(found.journal, found.unfinished);
    else await importer.begin();
    return await importer.run();
  } catch (error) {
    if (options.signal?.aborted)
      throw new TransferError('Interrupted.', {
        code: 'cancelled',
        hint: 'Run the same command again: it goes on where it was.',
        cause: error,
      });
    throw error;
  } finally {
    client?.close();
    await admin.close();
  }
}

interface Parts {
  readonly options: ImportOptions;
  readonly source: DumpSource;
  readonly survey: Survey;
  readonly world: World;
  /** For the journal alone, which is the administrator's. */
  readonly admin: Pool;
  readonly administrator: Administrator;
  readonly client: Client;
  readonly notes: Notes;
  readonly onProgress: (progress: ImportProgress) => void;
}

/** One run over a dump. */
class Importer {
  readonly #parts: Parts;
  readonly #decider: Decider;
  readonly #session: ImportSession;
  readonly #rows: RowLoader;
  readonly #grantsAsSupabase: boolean;
  readonly #made: Record<string, number> = {};
  /** What is said when all else is done. */
  readonly #last: { readonly text: string; readonly at: string }[] = [];
  /** Inside of a transaction of the dump's own, such as that of a large object. */
  #held = false;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#grantsAsSupabase = planGrants(parts);
    const { world, survey, options, client, administrator, notes } = parts;
    const dump = { origin: options.origin, world, survey };
    this.#decider = new Decider(dump);
    this.#session = new ImportSession(client, administrator, notes, searchPathOf(parts), options.signal);
    this.#rows = new RowLoader(this.#session, administrator, dump, this.#decider, notes);
  }

  /** What would be done. @throws {TransferError} as the import would. */
  async rehearse(isNew: boolean): Promise<ImportReport> {
    if (isNew) await this.#check();
    await this.#eachItem(async item => {
      if (item.kind === 'rows') return await this.#rows.rehearseRows(item);
      if (item.kind !== 'statement') return;
      const command = readCommand(item.text);
      if (command.kind === 'insert')
        return this.#rows.rehearseInsert(item.text, command.object, command.columns);
      const decision = this.#decider.decide(command, item.text, item.at);
      this.#tell(decision);
      this.#count(decision);
    });
    return this.#report([]);
  }

  async begin(): Promise<void> {
    const { admin, client, world, source, notes } = this.#parts;
    const beganAt = new Date();
    const replaced = await this.#check();
    // Before there is a journal: one that is killed in between begins anew, without them.
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
    const journal = await Journal.begin(
      admin,
      client,
      source.identity,
      {
        ...world,
        relations: Object.fromEntries(
          Object.entries(world.relations).filter(([name]) => !replaced.includes(name)),
        ),
      },
      beganAt,
    );
    this.#session.follow(journal, 0);
    await this.#prepare();
    for (const note of notes.all) if (note.kind !== 'aside') await journal.note(0, note);
  }

  async takeUp(journal: Journal, { position, refused, rows }: Unfinished): Promise<void> {
    this.#session.follow(journal, position, refused);
    this.#rows.takeUp(rows);
    await this.#prepare();
  }

  async run(): Promise<ImportReport> {
    const { client, world, survey, administrator, notes, onProgress } = this.#parts;
    await this.#loadWithoutTriggers();
    await this.#eachItem(item => this.#take(item));
    await this.#session.commit('with');
    onProgress({ phase: 'finishing', share: 1, text: 'privileges and statistics' });
    for (const { text, at } of this.#last) await this.#session.say(text, at, at);
    await this.#session.commit('with');
    const openTables = await finishImport(
      { administrator, client, world, survey, notes },
      this.#grantsAsSupabase,
    );
    await this.#session.journal.end();
    return this.#report(openTables);
  }

  /**
   * Without what fires on rows: their effects are in the dump already. The administrator does it for this one session, so
   * that no right to it is left when that ends, however it does.
   */
  async #loadWithoutTriggers(): Promise<void> {
    const { client, world, administrator } = this.#parts;
    if (world.mayLoadWithoutTriggers || !world.isSuperuser) {
      await client.script('set session_replication_role = replica').catch(ignoreRefusal);
      return;
    }
    await administrator.do({ kind: 'lend loading' });
    try {
      await client.script(`select ${LENT_LOADING}`);
    } finally {
      await administrator.do({ kind: 'end loading' });
    }
  }

  async #check(): Promise<readonly string[]> {
    const { options, world, survey, admin, client } = this.#parts;
    const givenUp = (await Journal.kept(admin)) !== null;
    const filter = new ImportFilter({ origin: options.origin, world, survey });
    return await checkImport(filter, givenUp, async table => {
      const name = table.split('.').map(id).join('.');
      // Not as the administrator, for whom a view might do what it likes. What may not be looked at counts as filled.
      const [row] = await texts(client, `select exists (select from ${name})`).catch(error => {
        if (error instanceof PgError) return [['t']];
        throw error;
      });
      return row?.[0] === 't';
    });
  }

  /** What the owner may for as long as the import runs, and what is not given to anybody meanwhile. May be repeated. */
  async #prepare(): Promise<void> {
    const { administrator, client, world, survey, notes } = this.#parts;
    await prepareExtensions({ administrator, client, world, survey, note: note => notes.add(note) });
    if (world.foreignSchemas.includes('auth')) await administrator.do({ kind: 'open auth' });
    // The dump says who may do what. What the stack gives by default would come on top, to roles that those of requests inherit.
    for (const statement of world.defaults.revoke) await client.script(statement);
  }

  async #eachItem(take: (item: Item) => Promise<void>): Promise<void> {
    const { source, survey, options, onProgress } = this.#parts;
    const wanted = survey.database;
    let isWanted = true;
    for await (const item of source.items()) {
      options.signal?.throwIfAborted();
      this.#session.position++;
      if (item.kind === 'database') {
        isWanted = item.name === wanted;
        if (!isWanted && survey.others.includes(item.name))
          this.#parts.notes.add({
            kind: 'aside',
            what: 'database',
            name: item.name,
            why: `only ${wanted} is imported`,
            remedy: `--database ${item.name}`,
          });
        continue;
      }
      if (!isWanted) continue;
      onProgress({ phase: 'importing', share: this.#session.position / survey.items, text: titleOf(item) });
      await take(item);
    }
  }

  async #take(item: Item): Promise<void> {
    const session = this.#session;
    const isDone = session.position <= session.done;
    if (item.kind !== 'statement') {
      if (item.kind === 'rows') await (isDone ? this.#rows.passOver(item) : this.#rows.takeRows(item));
      else if (isDone) return;
      else if (item.kind === 'largeObject') await this.#rows.takeLargeObject(item);
      return;
    }
    const { text, at } = item;
    const command = readCommand(text);
    if (command.kind === 'insert') {
      if (isDone) this.#rows.passOverInsert(text, command.object, command.columns);
      else await this.#rows.takeInsert(text, at, command.object, command.columns);
      return;
    }
    const decision = this.#decider.decide(command, text, at);
    this.#tell(decision);
    if (decision.do === 'run last') this.#last.push({ text: decision.text, at });
    if (decision.do === 'run' && decision.last !== undefined) this.#last.push({ text: decision.last, at });
    if (decision.do === 'set') await session.say(decision.text, at, at);
    if (isDone) {
      this.#count(decision);
      return;
    }
    if (decision.do === 'run') await session.say(decision.text, at, at);
    else if (decision.do === 'administer') await session.administer(decision.acts, at);
    else if (decision.do === 'begin') this.#held = true;
    else if (decision.do === 'end') this.#held = false;
    this.#count(decision);
    if (!this.#held) await session.commitNowAndThen();
  }

  #tell(decision: Decision): void {
    if ('note' in decision && decision.note) this.#parts.notes.add(decision.note);
  }

  /** What was made, and not what was refused. */
  #count(decision: Decision): void {
    if (!('made' in decision) || !decision.made || this.#session.refused.has(this.#session.position)) return;
    this.#made[decision.made] = (this.#made[decision.made] ?? 0) + 1;
  }

  #report(openTables: readonly string[]): ImportReport {
    const { options, notes } = this.#parts;
    for (const note of this.#rows.leftOut) notes.add(note);
    return {
      source: options.files,
      dryRun: options.dryRun === true,
      rows: this.#rows.counts,
      made: this.#made,
      notes: notes.all,
      openTables,
    };
  }
}

/** @throws {TransferError} naming the first text that may have been cut off */
function assertWhole({ missing: [first] }: DumpSource): void {
  if (first === undefined) return;
  throw new TransferError(`${first.name} is not known to be whole: ${first.why}.`, {
    hint: 'Nothing was changed. Make the dump again, or copy it again: a full disk or a lost connection cuts off its policies and privileges first. If it is a script of another kind, or all that there is: --allow-incomplete, which keeps closed what it does not say.',
  });
}

/**
 * Whether the roles of requests get what Supabase gives them: a dump without privileges would leave them without any. Only
 * where all is there that would close its tables: that something is not said is no statement, unless all around it is. What
 * was decided is noted.
 */
function planGrants({ options, survey, world, notes }: Parts): boolean {
  if (survey.hasPrivileges || survey.tables.length === 0) return false;
  const isSupabase =
    options.origin === 'supabase' && SUPABASE_REQUEST_ROLES.every(role => world.roles.includes(role));
  const isGranted = isSupabase && survey.isWhole && survey.hasRowSecurity;
  notes.add({
    kind: isGranted ? 'changed' : 'warning',
    what: 'privileges',
    name: 'public',
    why: isGranted
      ? 'the dump says nothing of who may do what (--no-acl), so that the roles of requests have what Supabase gives them'
      : `the dump says nothing of who may do what (${survey.isWhole ? '--no-acl' : 'it may be cut off'})${isSupabase && survey.isWhole ? ', nor of row security' : ''}, so that only the owner may anything`,
    ...(!isGranted && { remedy: 'Grant it, or make the dump without --no-acl.' }),
  });
  return isGranted;
}

/** How the source looked names up that have no schema; what its database says, or what every project has. */
function searchPathOf({ survey }: Parts): readonly string[] {
  return survey.searchPath ?? ['public', EXTENSIONS_SCHEMA];
}

function titleOf(item: Item): string {
  if (item.kind === 'rows') return `rows of ${showName(readCopy(item.copy).object)}`;
  return item.kind === 'database' ? item.name : item.at;
}

function ignoreRefusal(error: unknown): void {
  // On a server where nobody may: foreign keys and triggers then see the rows.
  if (!(error instanceof PgError) || error.code !== '42501') throw error;
}
