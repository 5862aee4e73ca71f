/** How statements are put together: text with numbered parameters, identifiers always quoted. */
import type { QualifiedName } from '@peakstone/kernel/catalog';
import { AnswerBound, quoteIdentifier, type Sql, type SqlValue } from '@peakstone/kernel/pg';
import { RestError } from '../errors.ts';
import type { JsonOperation } from '../parse/types.ts';

/** Collects the values of one statement while its text is written, and bounds what it may make of rows. */
export class Parameters {
  readonly values: SqlValue[] = [];
  /** Null where an answer may be of any size. */
  readonly bound: AnswerBound | null;
  readonly #steps = new Map<string, string>();

  constructor(maxResultBytes: number | null = null) {
    this.bound = maxResultBytes === null ? null : new AnswerBound(maxResultBytes);
  }

  /** @returns the placeholder, `$1`. */
  add(value: SqlValue): string {
    if (this.values.length === 65_535) {
      throw new RestError('54023', 'Too many values in one request: a statement takes at most 65535', {
        status: 400,
      });
    }
    this.values.push(value);
    return `$${this.values.length}`;
  }

  /**
   * One step of a json path, `$1` or `$1::int`. Equal steps are one parameter: otherwise PostgreSQL would take the path
   * that rows are grouped by and the same path in the order for two expressions.
   */
  step({ kind, value }: JsonOperation['operand']): string {
    const name = `${kind} ${value}`;
    const known = this.#steps.get(name);
    if (known !== undefined) return known;
    const placeholder = `${this.add(value)}${kind === 'index' ? '::int' : ''}`;
    this.#steps.set(name, placeholder);
    return placeholder;
  }

  toSql(text: string): Sql {
    return { ...(this.bound?.finish(text) ?? { text }), values: this.values };
  }
}

/**
 * A name in double quotes. Names from a request may be empty or hold a zero byte, which no PostgreSQL name can.
 * @throws {RestError} 42601, as PostgreSQL would say.
 */
export function quote(name: string): string {
  const end = name.indexOf('\0');
  const usable = end < 0 ? name : name.slice(0, end);
  if (usable === '') throw new RestError('42601', 'zero-length delimited identifier', { status: 400 });
  return quoteIdentifier(usable);
}

export function qualified({ schema, name }: QualifiedName): string {
  return schema === '' ? quote(name) : `${quote(schema)}.${quote(name)}`;
}

/** `table.column`, or `table.*`. */
export function column(table: QualifiedName, name: string): string {
  return `${qualified(table)}.${name === '*' ? '*' : quote(name)}`;
}
