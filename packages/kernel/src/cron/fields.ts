/** The five fields of a cron schedule: what each may hold, as one table that the parser and the database's guard read. Pure. */

export interface CronField {
  readonly low: number;
  readonly high: number;
  /** Names of its values, from `low` on. */
  readonly names: readonly string[];
  /** Takes `$`: the last day of whatever month. */
  readonly hasLast: boolean;
}

const numbers = { names: [], hasLast: false };

/** Minute, hour, day of the month, month, day of the week, where Sunday is 0 and 7. */
export const CRON_FIELDS: readonly CronField[] = [
  { low: 0, high: 59, ...numbers },
  { low: 0, high: 23, ...numbers },
  { low: 1, high: 31, ...numbers, hasLast: true },
  {
    low: 1,
    high: 12,
    ...numbers,
    names: ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'],
  },
  { low: 0, high: 7, ...numbers, names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] },
];

/** Words for five fields. */
export const CRON_SHORTHANDS: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

const value = '[0-9]{1,3}|[a-z]{3}';
/**
 * One part of a field's list, in lower case: from, to and step are its groups, none of the first two stands for `*`. It reads
 * the same in JavaScript and in PostgreSQL.
 */
export const CRON_PART = String.raw`^(?:\*|(${value})(?:-(${value}))?)(?:/([0-9]{1,3}))?$`;

/** The values of a field with `*`, lists, ranges, steps and names, in lower case; null when it is none. */
export function parseCronField(text: string, { low, high, names }: CronField): Set<number> | null {
  const pattern = new RegExp(CRON_PART);
  const number = (word: string): number => {
    if (/^\d/.test(word)) return Number(word);
    const named = names.indexOf(word);
    return named < 0 ? Number.NaN : named + low;
  };
  const values = new Set<number>();
  for (const part of text.split(',')) {
    const match = pattern.exec(part);
    if (!match) return null;
    const [, first, last, stepText] = match;
    const step = stepText === undefined ? 1 : Number(stepText);
    const from = first === undefined ? low : number(first);
    const isOne = first !== undefined && stepText === undefined;
    const to = last === undefined ? (isOne ? from : high) : number(last);
    // What is no number of the field compares as false.
    if (!(from >= low && to <= high && from <= to && step >= 1)) return null;
    for (let each = from; each <= to; each += step) values.add(each);
  }
  return values;
}
