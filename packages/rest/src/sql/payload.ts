/**
 * A JSON body as rows of a FROM clause, in one parameter. The body itself is never looked into here but for its first
 * byte: whether it is an object or a list.
 */

import { quoteLiteral } from '@peakstone/kernel/pg';
import type { InsertColumn } from '../plan/types.ts';
import { type Parameters, qualified, quote } from './writer.ts';

/** The alias under which the rows stand. */
export const BODY = 'pgrst_body';

/** Blanks before the first byte of a body that are passed over: nobody sends more, and they take time. */
const maxBlanks = 65_536;

/** Whether a JSON body is one object and not a list. */
export function isJsonObject(body: Uint8Array): boolean {
  for (let at = 0; at < maxBlanks; at++) {
    const byte = body[at];
    if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) return byte === 0x7b;
  }
  return false;
}

export interface RowsOptions {
  /** Columns that the body lacks take their default. */
  readonly appliesDefaults: boolean;
  /** Take the first row only: a function is called once. */
  readonly firstOnly: boolean;
}

/** `(…) pgrst_body`, with the columns converted by their representations. */
export function bodyRows(
  body: Uint8Array,
  columns: readonly Pick<InsertColumn, 'name' | 'type' | 'transform' | 'default' | 'key'>[],
  options: RowsOptions,
  params: Parameters,
): string {
  const isObject = isJsonObject(body);
  const limit = options.firstOnly ? ' LIMIT 1' : '';
  if (columns.length === 0) {
    // An empty object is one row without columns; a list of empty objects as many.
    const source = isObject ? '(VALUES (1)) _' : `json_array_elements(${params.add(body)}::json) _`;
    return `(SELECT FROM ${source}${limit}) ${BODY}`;
  }
  const typed = columns.map(({ key, type }) => `${quote(key)} ${type}`).join(', ');
  let source: string;
  if (options.appliesDefaults) {
    const json = `${params.add(body)}::jsonb`;
    const defaults = `jsonb_build_object(${columns
      .flatMap(({ key, default: value }) => (value === null ? [] : [`${quoteLiteral(key)}, ${value}`]))
      .join(', ')})`;
    source = isObject
      ? `(SELECT ${defaults} || ${json} AS val) _defs, LATERAL jsonb_to_record(_defs.val) AS _(${typed})`
      : `(SELECT jsonb_agg(${defaults} || elem) AS val FROM jsonb_array_elements(${json}) elem) _defs, LATERAL jsonb_to_recordset(_defs.val) AS _(${typed})`;
  } else {
    const json = `${params.add(body)}::json`;
    source = `${isObject ? 'json_to_record' : 'json_to_recordset'}(${json}) AS _(${typed})`;
  }
  const converted = columns.map(({ name, key, transform }) => {
    const value = `_.${quote(key)}`;
    if (transform) return `${qualified(transform)}(${value}) AS ${quote(name)}`;
    return key === name ? value : `${value} AS ${quote(name)}`;
  });
  return `(SELECT ${converted.join(', ')} FROM ${source}${limit}) ${BODY}`;
}
