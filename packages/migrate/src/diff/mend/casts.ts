/** Changes of a column's type: which lose something, and how to let them fail instead. Pure. */
import type { Structure } from '../engine/types.ts';
import { alteration, alteredTable, firstIdentifier, type Step } from '../step.ts';

const CHANGE = /^ALTER COLUMN ((?:"(?:[^"]|"")+")) TYPE (.+?)(?: USING (.+))?$/s;
const TEXTS = /^(?:text|character varying|character|citext)\b/;

/** The column whose type a statement changes, and to what. */
export function typeChange(
  { sql }: Pick<Step, 'sql'>,
  before: Structure,
):
  | { readonly table: string; readonly column: string; readonly from: string; readonly to: string }
  | undefined {
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
    if (!change || !TEXTS.test(change.from) || !TEXTS.test(change.to)) return each;
    return { ...each, sql: each.sql.replace(/ USING .+$/s, '') };
  });
}

/** What a value may lose on the way from one type to the other; undefined where it arrives whole, or is refused. */
export function lossOf(from: string, to: string): string | undefined {
  const [a, b] = [parse(from), parse(to)];
  const whole = ['smallint', 'integer', 'bigint'];
  if (whole.includes(b.name) && ['numeric', 'real', 'double precision'].includes(a.name))
    return 'fractions are rounded';
  if (b.name === 'numeric' && b.modifiers.length > 0) {
    if (['real', 'double precision'].includes(a.name)) return 'fractions are rounded';
    if (a.name === 'numeric' && (a.modifiers.length === 0 || (a.modifiers[1] ?? 0) > (b.modifiers[1] ?? 0)))
      return 'fractions are rounded';
  }
  if (b.name === 'real' && ['double precision', 'numeric', 'integer', 'bigint'].includes(a.name))
    return 'digits are lost';
  if (b.name === 'double precision' && ['numeric', 'bigint'].includes(a.name)) return 'digits are lost';
  const moment = ['timestamp without time zone', 'timestamp with time zone'];
  if (moment.includes(a.name) && b.name === 'date') return 'the time of day is lost';
  if (moment.includes(a.name) && b.name.startsWith('time ')) return 'the date is lost';
  if (moment.includes(a.name) && moment.includes(b.name) && (b.modifiers[0] ?? 6) < (a.modifiers[0] ?? 6))
    return 'fractions of seconds are rounded';
  if (b.name === 'boolean' && whole.includes(a.name)) return 'numbers become true or false';
  if (a.name === 'json' && b.name === 'jsonb') return undefined;
  if (b.name === 'bit' && a.name !== 'bit') return 'bits are cut';
  return undefined;
}

function parse(type: string): { readonly name: string; readonly modifiers: readonly number[] } {
  const modifiers = /\(([\d,-]+)\)/.exec(type)?.[1]?.split(',').map(Number) ?? [];
  return { name: type.replace(/\([\d,-]+\)/, ''), modifiers };
}
