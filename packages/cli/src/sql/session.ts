import { createReadStream, createWriteStream } from 'node:fs';
import { resolve } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { openReplacement } from '@peakstone/kernel/durable';
import { type Client, PgError, type PgErrorFields } from '@peakstone/kernel/pg';
import { endedBy, type TransactionEnd } from '@peakstone/kernel/script';
import { CliError } from '../grammar/errors.ts';
import { dataFor, printableLine } from '../output/printable.ts';
import type { Description } from './describe/queries.ts';
import { describeColumns, describeParts, findRelations, renderRelation } from './describe/relation.ts';
import {
  blamedRow,
  type ErrorLocation,
  type Failed,
  locateError,
  renderSqlError,
  renderSqlNotice,
} from './error.ts';
import { type ArrayTypes, arrayTypesQuery } from './json.ts';
import { type Printer, type Texts, textsOf } from './print.ts';
import { withRemedy } from './remedies.ts';
import { locationOf, type Runnable, type ScriptRows } from './script.ts';
import { ended, opened, write } from './streams.ts';
import type { Target } from './target.ts';

/** Where what the database says goes. */
export interface Output {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  /** Relations described as psql does, so wide; null: as rows, for programs. */
  readonly peopleWidth: number | null;
}

/** What the server refused, and where in the script that stands. */
export class SqlFailure extends Error {
  override readonly name = 'SqlFailure';
  readonly fields: PgErrorFields;
  readonly failed: Failed;
  constructor(fields: PgErrorFields, failed: Failed, cause: unknown) {
    super(fields.message, { cause });
    this.fields = fields;
    this.failed = failed;
  }

  /** As psql shows it. */
  render(): string {
    return renderSqlError(this.fields, this.failed);
  }

  /** For programs. */
  toJson(): object {
    const { severity, code, message, detail, hint, where } = this.fields;
    const { line, column }: ErrorLocation = locateError(this.fields, this.failed);
    return {
      severity,
      code,
      message,
      detail,
      hint,
      context: where,
      file: this.failed.file ?? undefined,
      line,
      column,
    };
  }
}

/** As much as a terminal holds for its reader, so that Ctrl-C is seen after that at the latest. */
const terminalPart = 2048;

/** Notifications that wait for a statement after which they are shown; those beyond are not. */
const heldNotifications = 1000;

/** The channel on which the stack's event triggers tell that what the APIs serve has changed. */
const schemaChannel = 'pgrst';

/** Standard input as rows of a COPY: to be had once, and only when the script isn't read from it. */
export type InputOnce = () => Readable | null;

/** One connection on which a script, or a person, says one statement after the other. */
export class SqlSession {
  readonly #target: Target;
  readonly #output: Output;
  readonly #input: InputOnce;
  #client: Client;
  #schemaChanged = false;
  readonly #notifications: string[] = [];
  #interrupted = false;
  /** How the first transaction that was ended by what ran has ended; null where none has. */
  ended: TransactionEnd | null = null;
  /** Whether some of the output of what runs was thrown away, as it was interrupted. */
  #cut = false;
  /** The file or stream whose rows are being sent or written. */
  #stream: Readable | Writable | null = null;

  private constructor(target: Target, output: Output, input: InputOnce, client: Client) {
    this.#target = target;
    this.#output = output;
    this.#input = input;
    this.#client = client;
  }

  /** @throws {CliError} when there is no such role. */
  static async open(target: Target, output: Output, input: InputOnce): Promise<SqlSession> {
    const opened: { session?: SqlSession } = {};
    const client = await connectTo(target, target.database, (...told) => opened.session?.notice(...told));
    opened.session = new SqlSession(target, output, input, client);
    return opened.session;
  }

  get database(): string {
    return this.#target.database;
  }

  get transaction(): Client['transaction'] {
    return this.#client.transaction;
  }

  get isClosed(): boolean {
    return this.#client.isClosed;
  }

  get interrupted(): boolean {
    return this.#interrupted;
  }

  /** Whether what the APIs serve has changed since the last time that somebody asked. */
  takeSchemaChange(): boolean {
    const changed = this.#schemaChanged;
    this.#schemaChanged = false;
    return changed;
  }

  /** What a NOTIFY said: shown after the statement that runs, or the next one, as psql does. */
  notice(channel: string, payload: string): void {
    if (channel === schemaChannel) this.#schemaChanged = true;
    else if (this.#notifications.length < heldNotifications)
      this.#notifications.push(
        `Asynchronous notification "${printableLine(channel)}"${payload === '' ? '' : ` with payload "${printableLine(payload)}"`} received.\n`,
      );
  }

  async #showNotifications(): Promise<void> {
    const { stdout, stderr, peopleWidth } = this.#output;
    for (const text of this.#notifications.splice(0))
      await write(peopleWidth === null ? stderr : stdout, text);
  }

  /** Cancels what is under way, in the server as well; what runs rejects. Nothing is begun any more until `resume`. */
  interrupt(): void {
    this.#interrupted = true;
    this.#client.cancel();
    this.#stream?.destroy(new Error('interrupted'));
  }

  resume(): void {
    this.#interrupted = false;
    this.#cut = false;
  }

  async arrayTypes(): Promise<ArrayTypes> {
    const rows = await this.look(arrayTypesQuery);
    return new Map(rows.map(([array, element]) => [Number(array), Number(element)]));
  }

  /** Rows of a query of PostgreSQL's own names, as texts; none while a transaction takes nothing but its end. */
  async look(sql: string): Promise<readonly Texts[]> {
    if (this.transaction === 'failed') return [];
    const at = { file: null, text: sql, line: 0, column: 0 };
    return await this.#lookingOnly(at, () => this.query(sql));
  }

  /** Rows of a query of our own, as texts. */
  async query(text: string): Promise<readonly Texts[]> {
    const results = await this.#client.script(text);
    return (results.at(-1)?.rows ?? []).map(textsOf);
  }

  /** @throws {SqlFailure} */
  async run(statement: Runnable, file: string | null, printer: Printer): Promise<void> {
    const { stderr } = this.#output;
    const { text, line, column } = statement;
    const failed: Failed = { text, line, column, file };
    const tags: string[] = [];
    try {
      await this.#client.script(statement.text, {
        onRows: (rows, fields) => this.#print(printer.rows(rows, fields)),
        onResult: result => {
          tags.push(result.tag);
          return this.#print(printer.end(result));
        },
        onNotice: notice => void stderr.write(renderSqlNotice(notice)),
        copyIn: () => {
          if (statement.rows) return this.#sent(statement.rows);
          this.#stream = this.#input();
          return this.#stream as Readable | null;
        },
      });
      // The server had sent all by then, and has nothing to refuse.
      if (this.#cut) throw new Error('interrupted');
      await this.#showNotifications();
    } catch (error) {
      throw this.#asFailure(error, { ...failed, row: await rowOf(error, statement.rows) });
    } finally {
      this.#stream = null;
      this.ended ??= endedBy(text, tags);
    }
  }

  /** While rows are sent the server waits for them, and not for a cancel. */
  async *#sent({ parts }: ScriptRows): AsyncGenerator<Buffer> {
    for await (const part of parts) {
      if (this.#interrupted) throw new Error('interrupted');
      yield part;
    }
  }

  /**
   * A terminal is written to in small parts, between which keys are read: it takes each at its reader's pace, and holds up
   * the whole process meanwhile. What is left when Ctrl-C comes is thrown away.
   */
  async #print(text: string | Buffer): Promise<void> {
    const { stdout } = this.#output;
    if (!stdout.isTTY) return await write(stdout, text);
    // By bytes, as half of a letter in a text is none.
    const bytes = Buffer.from(dataFor(stdout, text) as string);
    for (let from = 0; from < bytes.length; from += terminalPart) {
      if (from > 0) await turn();
      if (this.#interrupted) {
        this.#cut = true;
        return;
      }
      await write(stdout, bytes.subarray(from, from + terminalPart));
    }
    await turn();
  }

  /** `\copy` from or to a file of this machine; one that is written is there whole or not at all. @throws {SqlFailure} @throws {CliError} */
  async copyFile(direction: 'from' | 'to', file: string, copy: Failed, cwd: string): Promise<void> {
    const path = resolve(cwd, file);
    const replacement = direction === 'to' ? openReplacement(path) : null;
    const stream = replacement
      ? createWriteStream(replacement.path, { flags: replacement.flag })
      : createReadStream(path);
    // Told by whoever reads or writes it; without a listener the process would end.
    (stream as NodeJS.EventEmitter).on('error', () => undefined);
    this.#stream = stream;
    try {
      await opened(stream, file, locationOf({ file: copy.file, line: copy.line + 1 }));
      const printed: string[] = [];
      await this.#client.script(copy.text, {
        onRows: rows => write(stream as Writable, Buffer.concat(rows.map(([cell]) => cell!))),
        onResult: ({ tag }) => void printed.push(tag),
        onNotice: notice => void this.#output.stderr.write(renderSqlNotice(notice)),
        copyIn: () => stream as Readable,
      });
      if (replacement) {
        await ended(stream as Writable);
        replacement.finish();
      }
      if (this.#output.peopleWidth !== null) await write(this.#output.stdout, `${printed.join('\n')}\n`);
    } catch (error) {
      throw this.#asFailure(error, copy);
    } finally {
      this.#stream = null;
      stream.destroy();
      replacement?.discard();
    }
  }

  /** Shows what there is. @throws {SqlFailure} */
  async describe(description: Description, at: Failed, printer: Printer): Promise<void> {
    await this.#lookingOnly(at, async () => {
      if (description.kind === 'list') return await this.#list(description.sql, printer);
      const found = await this.query(findRelations(description.pattern));
      if (found.length === 0)
        throw new CliError(`There is no relation named ${description.named}.`, { hint: 'See them: \\d' });
      for (const [oid, kind, schema, name] of found) {
        const [columns, parts] = [describeColumns(Number(oid)), describeParts(Number(oid))];
        const { peopleWidth, stdout } = this.#output;
        if (peopleWidth === null) {
          await this.#list(columns, printer);
          await this.#list(parts, printer);
        } else {
          const relation = { kind: kind!, schema: schema!, name: name! };
          const [columnRows, partRows] = [await this.query(columns), await this.query(parts)];
          await write(stdout, renderRelation(relation, columnRows, partRows, peopleWidth));
        }
      }
    });
  }

  async #list(sql: string, printer: Printer): Promise<void> {
    await this.#client.script(sql, {
      onRows: (rows, fields) => this.#print(printer.rows(rows, fields)),
      onResult: result => this.#print(printer.end(result)),
    });
  }

  /**
   * With nothing on the search path but PostgreSQL's own: whoever looks may be the administrator, and nobody's function
   * may be called for it.
   */
  async #lookingOnly<T>(at: Failed, look: () => Promise<T>): Promise<T> {
    try {
      await this.#client.script(`select pg_catalog.set_config('peakstone.search_path', pg_catalog.current_setting('search_path'), false),
  pg_catalog.set_config('peakstone.visible', pg_catalog.current_schemas(true)::pg_catalog.text, false);
select pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', false)`);
      return await look();
    } catch (error) {
      throw this.#asFailure(error, at);
    } finally {
      if (!this.isClosed && this.transaction !== 'failed')
        await this.#client.script(
          `select pg_catalog.set_config('search_path', pg_catalog.current_setting('peakstone.search_path'), false)`,
        );
    }
  }

  /** Goes on with another database of the same server; settings and what is open are left behind, as in psql. */
  async connect(database: string | null): Promise<string> {
    const client = await connectTo(this.#target, database ?? this.#target.database, (...told) =>
      this.notice(...told),
    );
    this.#client.close();
    this.#client = client;
    this.#target.database = database ?? this.#target.database;
    return this.#target.database;
  }

  #asFailure(error: unknown, failed: Failed): unknown {
    if (!(error instanceof PgError)) return error;
    const { fields } = error;
    // COPY … FROM STDIN without rows that follow in the script.
    const unfed = fields.code === '57014' && fields.message.startsWith('COPY from stdin failed');
    const told = unfed ? { ...fields, hint: copyHint } : withRemedy(fields, this.#target.role, failed.file);
    return new SqlFailure(told, failed, error);
  }

  /** The session is over; the server rolls back what is open. */
  close(): void {
    this.#client.close();
  }
}

/** The row that a COPY stopped at. */
async function rowOf(
  error: unknown,
  rows: ScriptRows | null,
): Promise<{ readonly line: number; readonly text: string } | null> {
  const number = error instanceof PgError ? blamedRow(error.fields) : null;
  return number === null ? null : ((await rows?.row(number)) ?? null);
}

async function connectTo(
  target: Target,
  database: string,
  onNotify: (channel: string, payload: string) => void,
): Promise<Client> {
  const client = await target.connect(database, onNotify);
  try {
    await client.script(`listen ${schemaChannel}`);
  } catch (error) {
    // On a standby, which nothing is changed on either.
    if (error instanceof PgError && error.code === '25006') return client;
    client.close();
    throw error;
  }
  return client;
}

const copyHint =
  'Give the rows in the script, from the line after the statement up to a line \\., or on standard input: peakstone sql "copy films from stdin" < rows.tsv';
