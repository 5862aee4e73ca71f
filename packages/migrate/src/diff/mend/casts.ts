/**
 * Changes of a column's type: which may lose something, and how to let them fail instead. What is not known to arrive whole is
 * taken for a loss. Pure.
 */
import { quoteIdentifier } from '@peakstone/kernel/pg';
import type { Structure } from '../engine/types.ts';
import { alteration, alteredTable, firstIdentifier, type Step } from '../step.ts';

const CHANGE = /^ALTER COLUMN ((?:"(?:[^"]|"")+")) TYPE (.+?)(?: USING (.+))?$/s;
const TEXTS = ['text', 'character varying', 'character', 'citext'];

interface TypeChange {
  readonly table: string;
  readonly column: string;
  readonly from: string;
  readonly to: string;
}

/** The column whose type a statement changes, and to what. */
export function typeChange({ sql }: Pick<Step, 'sql'>, before: Structure): TypeChange | undefined {
  const match = CHANGE.exec(alteration(sql));
  const table = alteredTable(sql);
  if (!match || table === undefined) return undefined;
  const column = firstIdentifier(match[1] ?? '');
  const from = before.tables.get(table)?.columns.get(column)?.type;
  return from === undefined
    ? undefined
    : { table, column, from, to: (match[2] ?? '').replace(/ COLLATE .+$/, '') };
}

/** A cast that is written out cuts a text that is too long; one that is implied refuses it. */
export function refuseTooLong(steps: readonly Step[], before: Structure): readonly Step[] {
  return steps.map(each => {
    const change = typeChange(each, before);
    if (change === undefined) return each;
    const [from, to] = [parse(change.from), parse(change.to)];
    if (!TEXTS.includes(to.name) || to.isArray !== from.isArray) return each;
    const text = to.isArray ? 'text[]' : 'text';
    const as = TEXTS.includes(from.name) ? '' : ` USING ${quoteIdentifier(change.column)}::${text}`;
    return { ...each, sql: `${each.sql.replace(/ USING .+$/s, '')}${as}` };
  });
}

/** Changes in which every value arrives whole, or is refused; any type to a text is another. */
const WHOLE: Readonly<Record<string, readonly string[]>> = {
  smallint: ['integer', 'bigint', 'numeric', 'real', 'double precision'],
  integer: ['smallint', 'bigint', 'numeric', 'double precision'],
  bigint: ['smallint', 'integer', 'numeric'],
  real: ['double precision'],
  money: ['numeric'],
  boolean: ['integer'],
  date: ['timestamp without time zone', 'timestamp with time zone'],
  'timestamp without time zone': ['timestamp with time zone'],
  'time without time zone': ['time with time zone', 'interval'],
  cidr: ['inet'],
  json: ['jsonb'],
  jsonb: ['json'],
  text: ['json', 'jsonb', 'xml'],
  'character varying': ['json', 'jsonb', 'xml'],
  bit: ['bit varying'],
  'bit varying': ['bit'],
};

const WHOLE_NUMBERS = ['smallint', 'integer', 'bigint'];
const FRACTIONS = ['numeric', 'real', 'double precision'];
const MOMENTS = ['timestamp without time zone', 'timestamp with time zone'];
const FIELDS = /^interval .+/;

/** What a value may lose on the way from one type to the other; undefined where it arrives whole, or is refused. */
export function lossOf(
  from: string,
  to: string,
  { domains, enums }: Pick<Structure, 'domains' | 'enums'>,
): string | undefined {
  const [a, b] = [from, to].map(type => parse(resolveDomain(type, domains)));
  if (a === undefined || b === undefined) return undefined;
  const words =
    enums.has(b.name) && (enums.has(a.name) || TEXTS.includes(a.name)) ? undefined : lossOfElements(a, b);
  return words === undefined || !(a.isArray && b.isArray) ? words : `of each element ${words}`;
}

function lossOfElements(a: ParsedType, b: ParsedType): string | undefined {
  if (a.isArray !== b.isArray)
    return b.name === 'text' && !b.isArray
      ? undefined
      : 'values that the new type has not are changed or refused';
  const [size, formerSize] = [b.modifiers[0], a.modifiers[0]];
  if (WHOLE_NUMBERS.includes(b.name) && FRACTIONS.includes(a.name)) return 'fractions are rounded';
  if (b.name === 'numeric' && size !== undefined) {
    if (['real', 'double precision'].includes(a.name)) return 'fractions are rounded';
    if (a.name === 'numeric' && (formerSize === undefined || (a.modifiers[1] ?? 0) > (b.modifiers[1] ?? 0)))
      return 'fractions are rounded';
  }
  if (b.name === 'money' && FRACTIONS.includes(a.name)) return 'fractions are rounded to those of money';
  if (b.name === 'real' && ['double precision', 'numeric', 'integer', 'bigint'].includes(a.name))
    return 'digits are lost';
  if (b.name === 'double precision' && ['numeric', 'bigint'].includes(a.name)) return 'digits are lost';
  if (MOMENTS.includes(a.name) && b.name === 'date') return 'the time of day is lost';
  if (MOMENTS.includes(a.name) && b.name.startsWith('time ')) return 'the date is lost';
  if (/^time/.test(a.name) && /^time/.test(b.name) && (size ?? 6) < (formerSize ?? 6))
    return 'fractions of seconds are rounded';
  if (a.name.endsWith(' with time zone') && b.name.endsWith(' without time zone')) return 'the zone is lost';
  if (a.name.startsWith('interval') && b.name.startsWith('interval')) {
    if (FIELDS.test(b.name) && a.name !== b.name) return 'the other fields are cut';
    return (size ?? 6) < (formerSize ?? 6) ? 'fractions of seconds are rounded' : undefined;
  }
  if (a.name === 'inet' && b.name === 'cidr') return 'the host’s part of addresses is lost';
  if (b.name === 'boolean' && WHOLE_NUMBERS.includes(a.name)) return 'numbers become true or false';
  if (b.name.startsWith('bit') && a.name.startsWith('bit'))
    return size !== undefined && (formerSize ?? Infinity) > size ? 'bits are cut' : undefined;
  if (b.name === 'bit') return 'bits are cut';
  if (b.name === 'name') return 'texts are cut at 63 bytes';
  if (a.name === b.name || TEXTS.includes(b.name)) return undefined;
  if (WHOLE[a.name]?.includes(b.name)) return undefined;
  return 'what the new type writes otherwise is changed, and what it has not is refused';
}

interface ParsedType {
  readonly name: string;
  readonly modifiers: readonly number[];
  readonly isArray: boolean;
}

/** @example parse('timestamp(3) without time zone[]') // { name: 'timestamp without time zone', modifiers: [3], isArray: true } */
function parse(type: string): ParsedType {
  const element = type.replace(/(?:\[\])+$/, '');
  const modifiers = /\(([\d,-]+)\)/.exec(element)?.[1]?.split(',').map(Number) ?? [];
  const name = element
    .replace(/\([\d,-]+\)/, '')
    .replaceAll('"', '')
    .replace(/^.+\.citext$/, 'citext');
  return { name, modifiers, isArray: element !== type };
}

/** What a domain rests on, or a domain of that. */
function resolveDomain(type: string, domains: Structure['domains']): string {
  const base = domains.get(type.replaceAll('"', ''));
  return base === undefined ? type : resolveDomain(base, domains);
}
