/**
 * From the messages of an exchange to its results. It stays whole as it is one machine: what each answer means, and whether a
 * failure is mended, depends on the step that was written for it.
 */
import type { Buffer } from 'node:buffer';
import { ConnectionError, LargeResultError, PgError } from '../errors.ts';
import type { Cell, Exchange, Field, PgNotice, Result, Statement } from '../types.ts';
import { readCstring, readErrorFields, readFields, readRow } from './backend.ts';
import {
  unnamedBindPrefix,
  writeBindExecute,
  writeCloseStatement,
  writeCopyFail,
  writeDescribeStatement,
  writeParse,
  writeSync,
} from './frontend.ts';
import { cleaningSteps } from './leftovers.ts';
import { checkText, refusal } from './refusal.ts';
import { type Repair, repairFor } from './repair.ts';
import { largeBytes } from './statementCost.ts';
import type { Prepared } from './statements.ts';
import { type Outcome, statusIdle, Task, type Wire } from './task.ts';
import { Weighing } from './weighing.ts';
import { noSuchStatement } from './weights.ts';

const noFields: readonly Field[] = [];
const noValues: Statement['values'] = [];
const noCleaning: readonly string[] = [];
/** As an implicit transaction is by PostgreSQL's own defaults. */
const plainBegin = 'begin isolation level read committed read write';

/**
 * One exchange by the extended protocol: all its statements and one Sync in one write. Where sessions are isolated, what others
 * may have left is undone first.
 *
 * With `begin` a pipelined task's COMMIT follows behind a Sync of its own, so that it also runs when a statement failed:
 * there it rolls back, and no exchange behind ever meets a failed transaction. Alone on a connection the second Sync is
 * spared and a failure is followed by a ROLLBACK. How it ends goes unnamed: no function can drop that statement.
 */
export class ExchangeTask extends Task {
  readonly exchange: Exchange;
  readonly #resolve: (results: readonly Result[]) => void;
  readonly #reject: (error: unknown) => void;
  /** Of each step (begin, cleaning, statements, what weighs one of them, end) its named statement, or null when it goes unnamed. */
  #steps: (Prepared | null)[] = [];
  #step = 0;
  /** Of those, the ones that this exchange parses. */
  #parsed: Prepared[] = [];
  /** Steps before the first statement. */
  #first = 0;
  /** Whether a begin and an end are among the steps. */
  #begun = false;
  #last = 0;
  /** One of its statements at most: others that are not weighed yet get their names another time. */
  #weighing: Weighing | null = null;
  /** What the server refused to weigh, so that the exchange was sent anew without. */
  #unweighable: { readonly text: string; readonly error: PgError } | null = null;
  /** ReadyForQuery to come. */
  #readies = 1;
  #results: Result[] = [];
  #fields: readonly Field[] = noFields;
  #rows: (readonly Cell[])[] = [];
  /** Of all rows so far. */
  #bytes = 0;
  #error: PgError | null = null;
  #failedStep = 0;
  #phase: 'statements' | 'ending' | 'recovering' = 'statements';
  /** What was mended for it, each at most once: one session may hold several kinds of leftovers. */
  readonly #repairs = new Set<Repair>();
  /** The one that it is sent anew for. */
  #repair: Repair | null = null;
  #copyRows = false;

  constructor(
    exchange: Exchange,
    resolve: (results: readonly Result[]) => void,
    reject: (error: unknown) => void,
  ) {
    super();
    this.exchange = exchange;
    this.#resolve = resolve;
    this.#reject = reject;
    this.largeBytes = largeBytes(exchange);
  }

  protected override reject(error: unknown): void {
    this.#reject(error);
  }

  override get error(): PgError | null {
    return this.#error;
  }

  override get begun(): boolean {
    return this.#step >= this.#first;
  }

  /** Takes a row of statement `index`, or hands it on elsewhere. */
  protected row(_index: number, row: readonly Cell[]): void {
    this.#rows.push(row);
  }

  /** Whether its rows stay here until it is done. */
  protected get collects(): boolean {
    return true;
  }

  /** Whether sending everything anew could be noticed. */
  protected retryable(): boolean {
    return true;
  }

  override encode(wire: Wire): void {
    const { exchange } = this;
    const { statements } = exchange;
    const count = statements.length;
    if (exchange.begin === undefined && (exchange.inspect || exchange.end === 'rollback')) {
      // Without it the implicit transaction would commit all the same.
      throw new TypeError('An exchange that may roll back needs `begin`');
    }
    this.#steps = [];
    this.#parsed = [];
    this.#step = 0;
    this.#results = [];
    this.#rows = [];
    this.#bytes = 0;
    this.#error = null;
    this.#phase = 'statements';
    const begin = exchange.begin ?? (wire.begins ? plainBegin : undefined);
    this.#begun = begin !== undefined;
    const cleaning = wire.isolated ? cleaningSteps(this.#lane) : noCleaning;
    const deallocates = wire.isolated && this.#repair === 'prepareAll';
    this.#first = (deallocates ? 1 : 0) + (this.#begun ? 1 : 0) + cleaning.length;
    this.#weighing = null;
    // Everything that can be refused is refused before the first byte.
    const mark = wire.out.length;
    try {
      // More may be evicted below; those are closed next time, as this exchange may still use them.
      const closing = wire.statements.toClose.length;
      for (let i = 0; i < closing; i++) writeCloseStatement(wire.out, wire.statements.toClose[i]!);
      if (begin !== undefined) this.#write(wire, begin, noValues, !deallocates);
      if (deallocates) this.#write(wire, 'deallocate all', noValues, false);
      for (const text of cleaning) this.#write(wire, text, noValues, true);
      for (let i = 0; i < count; i++) {
        const statement = statements[i]!;
        this.#write(wire, statement.text, statement.values, statement.prepare !== false);
      }
      this.#last = this.#steps.length;
      this.#readies = 1;
      if (this.#begun && !exchange.inspect) {
        if (this.pipelined) {
          writeSync(wire.out);
          this.#readies = 2;
        }
        this.#write(wire, exchange.end ?? 'commit', noValues, false);
      }
      writeSync(wire.out);
      if (closing > 0) wire.statements.toClose = wire.statements.toClose.slice(closing);
    } catch (error) {
      wire.out.rewind(mark);
      this.#forgetUnconfirmed();
      throw error;
    }
  }

  /** The kind of connection that it runs on. */
  get #lane(): NonNullable<Exchange['lane']> {
    return (this.pipelined && this.exchange.lane) || 'own';
  }

  #write(wire: Wire, text: string, values: Statement['values'], prepare: boolean): void {
    if (values.length > 65_535) {
      throw refusal('54000', `A statement takes at most 65535 parameters, not ${values.length}`);
    }
    const { out, statements } = wire;
    let prepared: Prepared | null = null;
    if (prepare && statements.size > 0) {
      const found = statements.get(text);
      if (found) {
        // Whether a Parse still under way succeeds is not known here, except behind itself in one exchange.
        if (found.confirmed || found.owner === this) prepared = found;
      } else {
        prepared = this.#name(wire, text, values.length);
      }
    }
    this.#steps.push(prepared);
    if (prepared) {
      writeBindExecute(out, prepared.bind, values, false);
    } else {
      checkText(text);
      writeParse(out, '', text);
      writeBindExecute(out, unnamedBindPrefix, values, true);
    }
  }

  /** Gives the text a name if it is worth one, and asks what it will keep where that is not known. */
  #name(wire: Wire, text: string, parameters: number): Prepared | null {
    const { out, statements } = wire;
    const isToWeigh = statements.weights.lacks(text, wire.serverVersion);
    if (isToWeigh && (this.#weighing || this.#unweighable)) return null;
    if (!statements.admits(text)) return null;
    checkText(text);
    const prepared = statements.add(text, this);
    this.#parsed.push(prepared);
    writeParse(out, prepared.name, text);
    writeDescribeStatement(out, prepared.name);
    if (isToWeigh) {
      this.#weighing = new Weighing(prepared, parameters, this.#steps.length);
      for (const step of this.#weighing.steps) this.#write(wire, step, noValues, false);
    }
    return prepared;
  }

  /** Whose Parse and Describe are being answered. */
  get #parsing(): Prepared | null {
    if (this.#weighing?.isParsing(this.#step)) return this.#weighing.prepared;
    return this.#steps[this.#step] ?? null;
  }

  override message(type: number, buffer: Buffer, start: number, end: number): void {
    switch (type) {
      case 0x32: // BindComplete
        this.#fields = this.#steps[this.#step]?.fields ?? noFields;
        return;
      case 0x44: // DataRow
        if (this.#weighing?.includes(this.#step)) this.#weighing.row(this.#step, readRow(buffer, start, end));
        else this.row(this.#statementAt(this.#step), readRow(buffer, start, end));
        this.#bytes += end - start;
        if (this.#bytes > this.wire!.maxResultBytes && this.collects) this.#tooLarge();
        return;
      case 0x43: // CommandComplete
        this.#complete(readCstring(buffer, start, end));
        return;
      case 0x49: // EmptyQueryResponse
        this.#complete('');
        return;
      case 0x31: {
        // ParseComplete
        const prepared = this.#parsing;
        if (prepared) {
          prepared.confirmed = true;
          prepared.owner = null;
        }
        return;
      }
      case 0x54: // RowDescription
      case 0x6e: {
        // NoData
        this.#fields = type === 0x54 ? readFields(buffer, start, end) : noFields;
        const prepared = this.#parsing;
        if (prepared) prepared.fields = this.#fields;
        return;
      }
      case 0x45: // ErrorResponse
        this.#error ??= this.#failure(readErrorFields(buffer, start, end));
        return;
      case 0x4e: // NoticeResponse
        this.#notice(readErrorFields(buffer, start, end));
        return;
      case 0x47: // CopyInResponse
        this.#refuseCopy();
        return;
      case 0x48: // CopyOutResponse: each line becomes a row of one cell.
        this.#copyRows = true;
        return;
      case 0x64: // CopyData
        if (this.#copyRows) this.row(this.#statementAt(this.#step), [buffer.subarray(start, end)]);
        return;
      default:
        // ParameterDescription, CloseComplete, CopyDone and whatever a later protocol adds tell nothing needed here.
        return;
    }
  }

  /** What is still to come would have to be read all the same: the connection ends, and with it the statement and what was written. */
  #tooLarge(): void {
    const wire = this.wire!;
    wire.destroy(new LargeResultError('size', wire.maxResultBytes, { bytes: this.#bytes }));
  }

  #failure(fields: PgNotice): PgError {
    this.#failedStep = this.#step;
    const error = new PgError(fields);
    const at = this.#statementAt(this.#step);
    error.statement = at < 0 ? this.exchange.statements.length : at;
    return error;
  }

  /** The index of a step's statement, or of the one that it weighs; below 0 before the first. */
  #statementAt(step: number): number {
    return step - this.#first - (this.#weighing?.before(step) ?? 0);
  }

  /** A listener that throws fails its own exchange, not the connection that others share. */
  #notice(notice: PgNotice): void {
    if (!this.exchange.onNotice || this.settled) return;
    try {
      this.exchange.onNotice(notice);
    } catch (error) {
      this.fail(error);
    }
  }

  #complete(tag: string): void {
    const step = this.#step++;
    this.#copyRows = false;
    if (step < this.#first) return;
    if (this.#weighing?.includes(step)) {
      const { prepared, bytes } = this.#weighing;
      if (!this.#weighing.includes(step + 1)) this.wire!.statements.weigh(prepared.text, bytes);
      return;
    }
    if (step >= this.#last) {
      if (
        tag === 'ROLLBACK' &&
        !this.#error &&
        this.#phase !== 'recovering' &&
        this.exchange.end !== 'rollback' &&
        !this.exchange.inspect
      ) {
        this.#error = refusal('40000', 'The transaction was rolled back at its commit');
      }
      return;
    }
    this.#results.push({ tag, fields: this.#fields, rows: this.#rows });
    this.#rows = [];
  }

  /**
   * COPY FROM STDIN has no data here. In copy mode the server skips the Sync it was already sent, so it gets another; where
   * further messages follow it refuses by itself, but which Sync it then stops at is only known without neighbours.
   */
  #refuseCopy(): void {
    const wire = this.wire!;
    const behind =
      this.#step + 1 < this.#steps.length && !(this.#readies === 2 && this.#step + 1 === this.#last);
    if (behind) return;
    if (!wire.alone || this.#readies === 2) {
      this.#error = refusal('0A000', 'COPY FROM STDIN is not supported in an exchange');
      wire.destroy(this.#error);
      return;
    }
    writeCopyFail(wire.out, 'COPY FROM STDIN is not supported in an exchange');
    writeSync(wire.out);
    wire.flush();
  }

  override ready(status: number): Outcome {
    if (this.#error) this.#forgetUnconfirmed();
    this.#readies--;
    if (this.#readies > 0) {
      // The COMMIT of a pipelined transaction comes next, whatever happened before.
      this.#step = this.#last;
      return 'more';
    }
    if (!this.#error && this.#results.length !== this.exchange.statements.length) {
      this.wire!.destroy(new ConnectionError('The server answered fewer statements than it was sent'));
      return 'done';
    }
    if (status !== statusIdle) {
      if (this.exchange.inspect && this.#phase === 'statements' && !this.#error) return this.#inspect();
      if (this.#phase !== 'recovering') return this.#rollBack();
      this.wire!.destroy(new ConnectionError('The connection does not leave its transaction'));
      return 'done';
    }
    if (this.#error && this.#mends(this.#error)) return 'again';
    if (!this.settled) {
      if (this.#error) this.fail(this.#error);
      else {
        this.settle();
        if (this.#unweighable)
          this.wire!.statements.weights.refused(this.#unweighable.text, this.#unweighable.error);
        this.finish(this.#results);
      }
    }
    return 'done';
  }

  protected finish(results: readonly Result[]): void {
    this.#resolve(results);
  }

  #inspect(): Outcome {
    let end: 'commit' | 'rollback' = 'rollback';
    if (!this.settled) {
      try {
        end = this.exchange.inspect!(this.#results);
      } catch (error) {
        this.fail(error);
      }
    }
    this.#phase = 'ending';
    return this.#end(end);
  }

  #rollBack(): Outcome {
    const wire = this.wire!;
    this.#error ??= refusal('25001', 'A statement left its transaction open; it was rolled back');
    if (!wire.alone) {
      // Neighbours already sent would run inside this transaction.
      wire.destroy(new ConnectionError('A statement left its transaction open on a shared connection'));
      return 'done';
    }
    this.#phase = 'recovering';
    return this.#end('rollback');
  }

  #end(text: string): Outcome {
    const wire = this.wire!;
    this.#step = this.#last;
    this.#steps.length = this.#last;
    this.#write(wire, text, noValues, false);
    writeSync(wire.out);
    this.#readies = 1;
    wire.flush();
    return 'more';
  }

  #forgetSteps(): void {
    for (const prepared of this.#steps) if (prepared) this.wire?.statements.evict(prepared);
  }

  /** Parses that never ran must not be taken for done. */
  #forgetUnconfirmed(): void {
    const statements = this.wire?.statements;
    for (const prepared of this.#steps) {
      if (prepared && !prepared.confirmed && prepared.owner === this) statements?.evict(prepared);
    }
  }

  /**
   * Whether the fault was the session's, is mended, and the exchange may be sent anew, as the error rolled everything back:
   * once for each kind of fault. Not after a CALL or DO, which may have committed on its own.
   */
  #mends(error: PgError): boolean {
    const wire = this.wire!;
    if (this.#weighing?.includes(this.#failedStep) && this.#weighing.prepared.confirmed) {
      return this.#goesUnweighed(this.#weighing.prepared, error);
    }
    const prepared = this.#steps[this.#failedStep] ?? null;
    const repair = repairFor(error, {
      at: this.#statementAt(this.#failedStep),
      isReused: prepared !== null && !this.#parsed.includes(prepared),
      isImplicit: !this.#begun,
      isIsolated: wire.isolated,
    });
    if (repair === 'prepareAll') wire.statements.evictAll();
    else if (repair === 'prepareAnew') this.#forgetSteps();
    else if (repair === 'begin') wire.begins = true;
    if (repair === null || this.#repairs.has(repair) || !this.#mayResend) return false;
    this.#repairs.add(repair);
    this.#repair = repair;
    return true;
  }

  /** Whether the statement would have failed as well, or just cannot be weighed, its run will tell. */
  #goesUnweighed(prepared: Prepared, error: PgError): boolean {
    const { statements } = this.wire!;
    this.#unweighable = { text: prepared.text, error };
    statements.evict(prepared);
    if (error.code === noSuchStatement) {
      statements.evictAll();
      this.#repair = 'prepareAll';
    }
    return this.#mayResend;
  }

  get #mayResend(): boolean {
    if (this.settled || !this.retryable() || this.#phase === 'ending') return false;
    return !this.#results.some(result => /^(CALL|DO|COMMIT|ROLLBACK)/.test(result.tag));
  }
}
