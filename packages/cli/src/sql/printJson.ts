import type { Field, Result } from '@peakstone/kernel/pg';
import { toJson } from '../output/json.ts';
import { type ArrayTypes, jsonCell } from './json.ts';
import { type Printer, type Rows, textsOf } from './print.ts';

/** What is kept back of a result, so that an error in the midst of it can take its place. */
const heldUnits = 1024 * 1024;

/**
 * Prints one JSON value, whatever a script does: the rows of its one statement, or an array with the rows of each. An
 * error is `{"error": …}` in the place of its statement's rows; where many rows of that were written already, their array
 * ends. Rows of COPY TO STDOUT are texts.
 */
export class JsonPrinter implements Printer {
  readonly #arrays: ArrayTypes;
  readonly #several: boolean;
  /** Results that are whole. */
  #results = 0;
  /** Rows of the present one. */
  #count = 0;
  /** Null once something of the present result, or of the only one, was handed out. */
  #held: string | null = '';

  /** `statements`: how many the script has. */
  constructor(arrays: ArrayTypes, statements: number) {
    this.#arrays = arrays;
    this.#several = statements !== 1;
  }

  rows(rows: Rows, fields: readonly Field[]): string {
    const copied = fields.length === 0 && rows[0]?.length === 1;
    const names = distinct(fields.map(field => field.name)).map(toJson);
    // One row a line: easy on the eye, and on a line-based tool.
    const lines = rows.map(row =>
      copied
        ? toJson(row[0]!.toString().replace(/\r?\n$/, ''))
        : `{${textsOf(row)
            .map((text, index) => `${names[index]}:${jsonCell(text, fields[index]!.typeOid, this.#arrays)}`)
            .join(',')}}`,
    );
    const text = `${this.#count === 0 ? '[' : ',\n '}${lines.join(',\n ')}`;
    this.#count += rows.length;
    return this.#hold(text);
  }

  end(_result: Result): string {
    const text = this.#hold(this.#count === 0 ? '[]' : ']');
    this.#count = 0;
    // The only result is held to the end: the commit may still fail.
    if (!this.#several) {
      this.#results++;
      return text;
    }
    const whole = text + this.#release();
    this.#results++;
    this.#held = '';
    return whole;
  }

  /** The end of the value, of a script that is done or that this error ended. */
  finish(error: object | null = null): string {
    const begun = this.#held === null;
    const failure = error === null ? '' : toJson({ error });
    if (this.#several) {
      const cut = begun ? ']' : '';
      if (begun) this.#results++;
      const last = failure === '' ? '' : this.#before() + failure;
      return `${cut}${last}${this.#results === 0 && last === '' ? '[' : ''}]\n`;
    }
    if (begun) return this.#results === 0 ? ']\n' : '\n';
    return `${failure || (this.#results === 0 ? '[]' : this.#held)}\n`;
  }

  #hold(text: string): string {
    if (this.#held === null) return text;
    this.#held += text;
    return this.#held.length > heldUnits ? this.#release() : '';
  }

  #release(): string {
    if (this.#held === null) return '';
    const text = this.#before() + this.#held;
    this.#held = null;
    return text;
  }

  #before(): string {
    if (!this.#several) return '';
    return this.#results === 0 ? '[' : ',\n';
  }
}

/** Members of an object have each a name of its own: the second `id` is `id_2`. Pure. */
function distinct(names: readonly string[]): readonly string[] {
  const taken = new Set(names);
  if (taken.size === names.length) return names;
  const seen = new Set<string>();
  return names.map(name => {
    let own = name;
    for (let count = 2; seen.has(own) || (own !== name && taken.has(own)); count++) own = `${name}_${count}`;
    seen.add(own);
    return own;
  });
}
