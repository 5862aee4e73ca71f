/** A database as SQL that psql and every client of PostgreSQL can run, without pg_dump on the machine. */
import { setTimeout } from 'node:timers/promises';
import { type Client, connectPrivileged, quoteIdentifier as id } from '@peakstone/kernel/pg';
import { TransferError } from '../errors.ts';
import { type Catalog, CLASS, isVanished, onlyRow, readRows, text, VanishedError } from './catalog.ts';
import { type Needs, partsOf, readDependencies } from './depend.ts';
import { readPartCheck } from './needs.ts';
import type { DumpObject, TableRows } from './object.ts';
import type { Omission } from './omissions.ts';
import type { DumpOptions, DumpReport } from './options.ts';
import { CircleError, definitionOf, orderObjects } from './order.ts';
import { readGivenByDefault } from './read/byDefault.ts';
import { readColumns } from './read/columns.ts';
import { type Comments, readComments } from './read/comments.ts';
import { readDatabaseSettings } from './read/database.ts';
import { readForeign, readLanguages, readUnsupported } from './read/foreign.ts';
import { readIndexes, readStatistics } from './read/indexes.ts';
import { readPolicies, readRules, readTableConstraints, readTriggers } from './read/onTables.ts';
import { readDefaultPrivileges, readPrivileges } from './read/privileges.ts';
import { readEventTriggers, readPublications } from './read/replication.ts';
import { readOperators, readRoutines } from './read/routines.ts';
import { readExtensions, readSchemas } from './read/schemas.ts';
import { readSequences, type SequenceObject } from './read/sequences.ts';
import { readAttachments, readTables } from './read/tables.ts';
import { readDomainConstraints, readTypes } from './read/types.ts';
import { readViews } from './read/views.ts';
import { orderByKeys, READABLE, readLargeObjects, readTableRows, readUnreadable } from './rows.ts';
import { resolveSelection } from './select.ts';
import { readStateNow, type SchemaState, stateQuery } from './still.ts';
import { randomKey, renderClosing, renderDrop, renderHeading, renderOpening } from './write.ts';

export type { DumpOptions, DumpReport } from './options.ts';
export type { Selection } from './select.ts';

/**
 * Dumps a database, all of it in one snapshot.
 * @throws {TransferError} when nothing is of a name that was chosen, or when it was interrupted.
 * @throws {PgError} what the server refused. @throws {ConnectionError}
 */
export async function dumpDatabase(options: DumpOptions): Promise<DumpReport> {
  const { url, signal } = options;
  const client = await connectPrivileged({ url, name: 'peakstone dump' });
  signal?.addEventListener('abort', client.cancel, { once: true });
  try {
    signal?.throwIfAborted();
    await client.script(SETTINGS);
    return await new Dump(client, options).run();
  } catch (error) {
    if (signal?.aborted) throw new TransferError('Interrupted.', { code: 'cancelled', cause: error });
    if (isVanished(error) && !(error instanceof VanishedError))
      throw new VanishedError((error as Error).message, error);
    throw error;
  } finally {
    client.close();
  }
}

/** So that every value is written in the one way that reads the same everywhere. */
const SETTINGS = `set datestyle = 'ISO'; set intervalstyle = 'postgres'; set extra_float_digits = 3; set bytea_output = 'hex';
  set synchronize_seqscans = off; set statement_timeout = 0; set lock_timeout = 0; set idle_in_transaction_session_timeout = 0;
  set transaction_timeout = 0; set row_security = off; set quote_all_identifiers = off; set client_encoding = 'UTF8'`;

/** Tables that are locked by one statement. */
const LOCKED = 100;

/** How often the catalogs are looked at anew where what they have is gone by now. */
const MAX_LOOKS = 10;
const LOOK_PAUSE_MS = 50;

interface Contents {
  readonly objects: readonly DumpObject[];
  readonly last: readonly DumpObject[];
  readonly sequences: readonly SequenceObject[];
  readonly comments: Comments;
  /** Of large objects, which are rows and not schema. */
  readonly ofLargeObjects: readonly DumpObject[];
  readonly needs: Needs;
  readonly outside: ReadonlySet<string>;
}

/** All that is written but rows. */
interface Look {
  readonly tables: readonly TableRows[];
  readonly contents: Contents;
  readonly omitted: readonly Omission[];
  readonly givenByDefault: readonly string[];
  readonly version: string;
  /** What says first what a part of a database needs. */
  readonly check: string | null;
  /** Of what rows are written by. */
  readonly values: SchemaState;
}

class Dump {
  readonly #client: Client;
  readonly #options: DumpOptions;
  #catalog!: Catalog;
  #isWhole = true;
  #isOfTables = false;
  #rows = 0;

  constructor(client: Client, options: DumpOptions) {
    this.#client = client;
    this.#options = options;
  }

  async run(): Promise<DumpReport> {
    const { content, write, restrictKey = randomKey() } = this.#options;
    const { tables, contents, omitted, givenByDefault, version, values, check } =
      await this.#lookUntilStill();
    await write(renderOpening(version, restrictKey));
    if (check !== null) await write(`${check}\n\n`);
    if (content !== 'data') {
      if (this.#options.clean) await this.#drop([...contents.objects, ...contents.last]);
      await this.#writeObjects(contents, 'pre-data');
    }
    if (content !== 'schema') await this.#writeData(tables, contents);
    if (content !== 'data') {
      await this.#writeObjects(contents, 'post-data');
      for (const statement of givenByDefault)
        await write(`${renderHeading(GIVEN_BY_DEFAULT)}${statement}\n\n\n`);
      await this.#writeObjects({ ...contents, objects: contents.last }, 'last');
    }
    if (content !== 'schema') await this.#assertStill('values', values);
    await write(renderClosing(restrictKey));
    return { omitted, tables: content === 'schema' ? 0 : tables.length, rows: this.#rows };
  }

  #tell(share: number | null, what: string): void {
    this.#options.signal?.throwIfAborted();
    this.#options.onProgress?.({ share, text: what });
  }

  async #select(): Promise<void> {
    const rows = (sql: string) => readRows(this.#client, sql);
    const selected = await resolveSelection(this.#options.selection ?? {}, rows);
    this.#catalog = { rows, schemas: selected.schemas, relations: selected.relations };
    this.#isWhole = selected.isWhole;
    this.#isOfTables = selected.isOfTables;
  }

  /** Nothing is written before all that the catalogs say is known, so that it may begin anew. */
  async #lookUntilStill(): Promise<Look> {
    for (let looks = 1; ; looks++) {
      try {
        return await this.#look();
      } catch (error) {
        if (!isVanished(error) || looks === MAX_LOOKS) throw error;
        if (this.#client.transaction !== 'none') await this.#client.script('rollback');
        this.#tell(null, 'waiting for those who change the schema');
        await setTimeout(LOOK_PAUSE_MS * looks);
      }
    }
  }

  /** In a snapshot that is younger than the locks, so that no table of it can be changed or dropped any more; rows can. */
  async #look(): Promise<Look> {
    const { content, privileges } = this.#options;
    this.#tell(null, 'reading the catalog');
    await this.#select();
    const locked = new Set(await this.#lockable());
    await this.#client.script('begin isolation level repeatable read, read only');
    const names = [...locked];
    for (let at = 0; at < names.length; at += LOCKED)
      await this.#client.script(`lock table ${names.slice(at, at + LOCKED).join(', ')} in access share mode`);
    await this.#select();
    const late = (await this.#lockable()).find(name => !locked.has(name));
    if (late !== undefined) throw new VanishedError(`${late} is new`);
    const catalog = this.#catalog;
    const before = await this.#state('all');
    const values = await this.#state('values');
    const found = await readTableRows(catalog);
    // With the schema, keys come behind all rows.
    const { tables, circle } =
      content === 'data' ? await orderByKeys(catalog, found) : { tables: found, circle: [] };
    const contents = await this.#read();
    const isPart = !this.#isWhole || content === 'data';
    const check = isPart
      ? await readPartCheck(catalog, { ...contents, tables, circle, options: this.#options })
      : null;
    const unsupported = this.#isOfTables ? [] : await readUnsupported(catalog);
    const unreadable = content === 'schema' ? [] : await readUnreadable(catalog, this.#isWhole);
    const version = onlyRow(await catalog.rows(`select current_setting('server_version') as version`));
    const ofDatabase = this.#isWhole && content !== 'data' ? await readDatabaseSettings(catalog) : [];
    const givenByDefault = privileges === false ? [] : await readGivenByDefault(catalog, this.#isOfTables);
    await this.#assertStill('all', before);
    return {
      ...{ tables, contents, values, givenByDefault, check },
      omitted: [
        ...unsupported.map((what): Omission => ({ what, why: 'unsupported' })),
        ...unreadable.map((what): Omission => ({ what, why: 'unreadable' })),
        ...ofDatabase.map((what): Omission => ({ what, why: 'database' })),
      ],
      version: text(version, 'version'),
    };
  }

  async #state(of: 'all' | 'values'): Promise<SchemaState> {
    return text(onlyRow(await this.#catalog.rows(stateQuery(of))), 'state');
  }

  /** @throws {VanishedError} where the server has said something that is younger than the snapshot */
  async #assertStill(of: 'all' | 'values', state: SchemaState): Promise<void> {
    if ((await readStateNow(this.#options.url, of)) !== state)
      throw new VanishedError(of === 'all' ? 'the schema was changed' : 'labels of a type were changed');
  }

  /** Tables that this login may lock, as it may read them. */
  async #lockable(): Promise<readonly string[]> {
    const rows = await this.#catalog.rows(`
      select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where ${this.#catalog.relations} and c.relkind in ('r', 'p') and ${READABLE} order by 1`);
    return rows.map(row => text(row, 'name'));
  }

  async #read(): Promise<Contents> {
    const catalog = this.#catalog;
    const columns = await readColumns(catalog);
    const sequences = await readSequences(catalog);
    const ofSchemas: DumpObject[] = this.#isOfTables
      ? []
      : [
          ...(await readSchemas(catalog)),
          ...(this.#isWhole ? await readExtensions(catalog) : []),
          ...(await readTypes(catalog)),
          ...(await readDomainConstraints(catalog)),
          ...(await readRoutines(catalog)),
          ...(await readOperators(catalog)),
          ...(await readLanguages(catalog)),
          ...(this.#isWhole ? await readForeign(catalog) : []),
        ];
    const publications = this.#isWhole ? await readPublications(catalog) : [];
    const views = await readViews(catalog, columns);
    const all: DumpObject[] = [
      ...ofSchemas,
      ...(await readTables(catalog, columns)),
      ...(await readAttachments(catalog)),
      ...views,
      ...sequences,
      ...(await readIndexes(catalog)),
      ...(await readStatistics(catalog)),
      ...(await readTableConstraints(catalog)),
      ...(await readTriggers(catalog)),
      ...(await readRules(catalog)),
      ...(await readPolicies(catalog)),
      ...publications,
      ...(this.#isWhole ? await readEventTriggers(catalog) : []),
    ];
    const { needs, outside } = await readDependencies(catalog, all);
    const ordered = this.#order(all, needs);
    const privileges =
      this.#options.privileges === false ? [] : await readPrivileges(catalog, !this.#isOfTables);
    const defaults =
      this.#options.privileges === false || this.#isOfTables ? [] : await readDefaultPrivileges(catalog);
    return {
      objects: ordered.filter(({ section }) => section !== 'last'),
      // As pg_restore: privileges, then what acts on all that is there.
      last: [
        ...privileges.filter(object => !isOfLargeObject(object)),
        ...defaults,
        ...ordered.filter(({ section }) => section === 'last'),
      ],
      ofLargeObjects: privileges.filter(isOfLargeObject),
      ...{ sequences, needs, outside },
      comments: await readComments(catalog),
    };
  }

  #order(objects: readonly DumpObject[], needs: Needs): DumpObject[] {
    try {
      return orderObjects(objects, needs);
    } catch (error) {
      if (!(error instanceof CircleError)) throw error;
      throw new TransferError(
        `These need one another, and none can be made first: ${error.objects.join(', ')}.`,
        {
          hint: 'Dump it with PostgreSQL’s own pg_dump, and please report it with their definitions.',
          cause: error,
        },
      );
    }
  }

  async #drop(objects: readonly DumpObject[]): Promise<void> {
    const drops = objects
      .toReversed()
      .map(renderDrop)
      .filter(drop => drop !== null);
    await this.#options.write(`${drops.join('\n')}\n\n`);
  }

  async #writeObjects({ objects, comments }: Contents, section: DumpObject['section']): Promise<void> {
    const { write, owners = true } = this.#options;
    for (const object of objects) {
      if (object.section !== section) continue;
      this.#tell(null, `${object.kind} ${object.name}`);
      const definition = definitionOf(object);
      const isPublic = object.kind === 'SCHEMA' && object.name === 'public';
      // Every database's public belongs to its owner.
      const owner = isPublic && object.owner === 'pg_database_owner' ? null : object.owner;
      const parts = [
        ...(definition === '' ? [] : [definition]),
        ...(owners && owner !== null && object.named !== null
          ? [`ALTER ${object.named} OWNER TO ${quote(owner)};`]
          : []),
      ];
      if (parts.length > 0)
        await write(
          `${renderHeading({ ...object, owner: owners ? object.owner : null })}${parts.join('\n\n\n')}\n\n\n`,
        );
      await this.#writeComments(object, comments);
    }
    if (section === 'post-data' && comments.domains.length > 0)
      await write(`${comments.domains.join('\n')}\n\n\n`);
  }

  async #writeComments(object: DumpObject, comments: Comments): Promise<void> {
    const lines = [
      ...(object.named !== null && comments.objects.has(object.key)
        ? [`COMMENT ON ${object.named} IS ${comments.objects.get(object.key)};`]
        : []),
      ...(comments.columns.get(object.key) ?? []),
      ...partsOf(object).flatMap(part =>
        !part.isSeparate && part.named !== null && comments.objects.has(part.key)
          ? [`COMMENT ON ${part.named} IS ${comments.objects.get(part.key)};`]
          : [],
      ),
    ];
    for (const line of lines)
      await this.#options.write(
        `${renderHeading({ ...object, kind: 'COMMENT', name: `${object.kind} ${object.name}` })}${line}\n\n\n`,
      );
  }

  async #writeData(tables: readonly TableRows[], contents: Contents): Promise<void> {
    const { sequences } = contents;
    const { write } = this.#options;
    for (const [index, table] of tables.entries()) {
      this.#tell(index / tables.length, `rows of ${table.schema}.${table.name}`);
      await write(`${renderHeading({ ...table, kind: 'TABLE DATA' }, 'Data for ')}${table.copyIn}\n`);
      await this.#client.script(table.copyOut, {
        onRows: async rows => {
          this.#options.signal?.throwIfAborted();
          this.#rows += rows.length;
          await write(Buffer.concat(rows.map(([cell]) => cell!)));
        },
      });
      await write('\\.\n\n\n');
    }
    if (this.#isWhole) await this.#writeLargeObjects(contents);
    for (const { kind, schema, name, owner, value } of sequences)
      if (kind === 'SEQUENCE' && value !== '')
        await write(`${renderHeading({ kind: 'SEQUENCE SET', schema, name, owner })}${value}\n\n\n`);
  }

  async #writeLargeObjects({ comments, ofLargeObjects }: Contents): Promise<void> {
    const { write, owners = true, clean = false } = this.#options;
    for await (const { oid, owner, parts } of readLargeObjects(this.#client, this.#catalog)) {
      await write(
        `${renderHeading({ kind: 'BLOB', schema: '', name: oid, owner })}${clean ? `SELECT pg_catalog.lo_unlink(oid) FROM pg_catalog.pg_largeobject_metadata WHERE oid = '${oid}';\n` : ''}SELECT pg_catalog.lo_create('${oid}');\n\n${owners ? `ALTER LARGE OBJECT ${oid} OWNER TO ${quote(owner)};\n\n` : ''}BEGIN;\nSELECT pg_catalog.lo_open('${oid}', 131072);\n`,
      );
      for await (const part of parts) await write(`SELECT pg_catalog.lowrite(0, '\\x${part}');\n`);
      await write('SELECT pg_catalog.lo_close(0);\nCOMMIT;\n\n\n');
      const comment = comments.objects.get(`${CLASS.largeObject}:${oid}`);
      if (comment !== undefined) await write(`COMMENT ON LARGE OBJECT ${oid} IS ${comment};\n\n\n`);
    }
    for (const { definition } of ofLargeObjects) await write(`${definition}\n\n\n`);
  }
}

const GIVEN_BY_DEFAULT = { kind: 'ACL', name: 'PRIVILEGES GIVEN BY DEFAULT', schema: '', owner: null };

function isOfLargeObject({ kind, name }: DumpObject): boolean {
  return kind === 'ACL' && name.startsWith('LARGE OBJECT ');
}

/** As the server would: bare where that is the same. */
function quote(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) && !RESERVED.has(name) ? name : id(name);
}

const RESERVED = new Set([
  'user',
  'current_user',
  'session_user',
  'public',
  'none',
  'authorization',
  'all',
  'default',
]);
