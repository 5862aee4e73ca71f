/**
 * CSV bodies as JSON rows, read in slices.
 * @see https://docs.postgrest.org/en/stable/references/api/tables_views.html#bulk-insert
 * @see https://www.rfc-editor.org/rfc/rfc4180
 */
import { requestErrors } from '../../errors.ts';
import { COMMA, isLineEnd, QUOTE, readHeader, unreadable } from './csvHeader.ts';
import { type Hold, JsonText } from './jsonText.ts';
import { sliceEnds, Utf8Check } from './slices.ts';

export interface CsvRows {
  /** A JSON array of objects whose values are strings, or null for a bare or quoted `NULL`. */
  readonly json: Buffer;
  /** The columns, and under which key of the objects each stands: a short one, as it is in every row. */
  readonly keys: ReadonlyMap<string, string>;
}

/**
 * A header line and records. Blank lines after the header are skipped; fields beyond the header are dropped, and columns
 * that all lines lack; of columns of one name the last counts. Yields between slices.
 * @throws {RestError} PGRST102 when it is no UTF-8, the header's line does not end, a quote is not closed, or lines differ
 * in their columns.
 */
export function* csvToJson(body: Buffer, hold: Hold): Generator<void, CsvRows> {
  const { names, end: start } = readHeader(body);
  const rows = new CsvRowsReader(body, start, names.length, hold);
  const utf8 = new Utf8Check(body);
  for (const end of sliceEnds(body.length)) {
    if (!utf8.accepts(end)) throw requestErrors.invalidBody('The CSV is not UTF-8');
    if (end > start) rows.advance(end);
    yield;
  }
  rows.finish();
  const json = yield* rows.json.join();
  const keys = new Map(names.slice(0, rows.width ?? 0).map((name, i) => [name, keyOf(i)]));
  return { json, keys };
}

const keyOf = (column: number): string => column.toString(36);

/** Where the bytes stand in their field. */
const FIELD_START = 0;
const BARE = 1;
const QUOTED = 2;
/** Behind a quote inside of quotes: the field's end, or the first half of a quote. */
const QUOTE_SEEN = 3;

const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN = 0x7b;
const CLOSE = 0x7d;

const isPlain = Uint8Array.from({ length: 256 }, (_, c) =>
  c === COMMA || c === QUOTE || isLineEnd(c) ? 0 : 1,
);
const NULL = Buffer.from('NULL');
const nullText = Buffer.from('null');

class CsvRowsReader {
  readonly json: JsonText;
  /** Columns that rows have; null before the first row. */
  width: number | null = null;
  readonly #bytes: Buffer;
  readonly #labels: readonly Buffer[];
  #at: number;
  #state = FIELD_START;
  /** The column of the field being read. */
  #column = 0;
  /** Where the field's text begins, and what of it is not written yet. */
  #from = 0;
  #unwritten = 0;
  #isOpen = false;
  #hasRows = false;

  constructor(bytes: Buffer, start: number, columns: number, hold: Hold) {
    this.json = new JsonText(hold);
    this.#bytes = bytes;
    this.#at = start;
    this.#labels = Array.from({ length: columns }, (_, i) =>
      Buffer.from(`${i === 0 ? '' : ','}"${keyOf(i)}":`),
    );
    this.json.byte(OPEN_LIST);
  }

  advance(end: number): void {
    const bytes = this.#bytes;
    let at = this.#at;
    while (at < end) {
      const c = bytes[at]!;
      switch (this.#state) {
        case FIELD_START:
          if (isLineEnd(c) && this.#column === 0) {
            // A blank line, or the second half of a line's end.
            at++;
            continue;
          }
          this.#state = c === QUOTE ? QUOTED : BARE;
          if (c === QUOTE) at++;
          this.#from = at;
          this.#unwritten = at;
          continue;
        case BARE:
          while (at < end && isPlain[bytes[at]!] === 1) at++;
          if (at === end) break;
          this.#endField(at);
          this.#endOfField(at++);
          continue;
        case QUOTED:
          while (at < end && bytes[at] !== QUOTE) at++;
          if (at === end) break;
          at++;
          this.#state = QUOTE_SEEN;
          continue;
        default:
          if (c === QUOTE) {
            // The first of the two stands for both.
            this.#write(at);
            this.#unwritten = at + 1;
            this.#state = QUOTED;
            at++;
            continue;
          }
          this.#endField(at - 1);
          this.#endOfField(at++);
      }
    }
    this.#at = at;
    // A field that goes on is written as far as it has come, unless it may yet turn out to be NULL.
    const isInside = this.#state === BARE || this.#state === QUOTED;
    if (isInside && at - this.#from > NULL.length) this.#write(at);
  }

  /** @throws {RestError} PGRST102 for a quote that is not closed. */
  finish(): void {
    const { length } = this.#bytes;
    if (this.#state === QUOTED) throw unreadable(this.#bytes, this.#from - 1);
    if (this.#state === QUOTE_SEEN) this.#endField(length - 1);
    else if (this.#state === BARE || this.#column > 0) {
      if (this.#state === FIELD_START) this.#from = this.#unwritten = length;
      this.#endField(length);
    }
    if (this.#column > 0) this.#endRow();
    this.json.byte(CLOSE_LIST);
  }

  /** Writes what of the field's text is left up to `to`. */
  #write(to: number): void {
    if (this.#column < this.#labels.length) {
      if (!this.#isOpen) {
        this.#label();
        this.json.byte(QUOTE);
        this.#isOpen = true;
      }
      this.json.escaped(this.#bytes, this.#unwritten, to);
    }
    this.#unwritten = to;
  }

  #label(): void {
    if (this.#column === 0) {
      if (this.#hasRows) this.json.byte(COMMA);
      this.json.byte(OPEN);
    }
    this.json.bytes(this.#labels[this.#column]!);
  }

  #endField(to: number): void {
    const isNull =
      !this.#isOpen && to - this.#from === NULL.length && NULL.compare(this.#bytes, this.#from, to) === 0;
    if (isNull && this.#column < this.#labels.length) {
      this.#label();
      this.json.bytes(nullText);
    } else {
      this.#write(to);
      if (this.#isOpen) this.json.byte(QUOTE);
    }
    this.#isOpen = false;
    this.#column++;
    this.#state = FIELD_START;
  }

  /** What stands behind a field, at `at`. */
  #endOfField(at: number): void {
    const c = this.#bytes[at]!;
    if (c === COMMA) return;
    if (!isLineEnd(c)) throw unreadable(this.#bytes, at);
    this.#endRow();
  }

  #endRow(): void {
    const width = Math.min(this.#column, this.#labels.length);
    this.width ??= width;
    if (this.width !== width) throw requestErrors.invalidBody('All lines must have same number of fields');
    this.json.byte(CLOSE);
    this.#hasRows = true;
    this.#column = 0;
  }
}
