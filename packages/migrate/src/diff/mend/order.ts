/** Puts right the order of a plan where the library's is wrong. Pure. */
import type { Structure } from '../engine/types.ts';
import { alteration, alteredTable, firstIdentifier, type Step } from '../step.ts';

export function orderSteps(steps: readonly Step[], before: Structure): readonly Step[] {
  return columnGrantsLast(enumValuesFirst(withoutRepeats(withoutIdle(steps, before))));
}

const DEFAULT = /^ALTER TABLE .+ ALTER COLUMN .+ (?:SET|DROP) DEFAULT\b/s;

/** A default that was not there need not be dropped. */
function withoutIdle(steps: readonly Step[], { tables }: Structure): readonly Step[] {
  return steps.filter(({ sql }) => {
    const match = /^ALTER COLUMN (.+) DROP DEFAULT$/.exec(alteration(sql));
    const column = match && tables.get(alteredTable(sql) ?? '')?.columns.get(firstIdentifier(match[1] ?? ''));
    return !column || column.default !== null;
  });
}

/** A default is set once, when everything that it needs is there. */
function withoutRepeats(steps: readonly Step[]): readonly Step[] {
  const last = new Map(steps.map(({ sql }, index) => [sql, index]));
  const first = new Set<string>();
  return steps.filter(({ sql }, index) => {
    if (!DEFAULT.test(sql)) return true;
    if (!sql.endsWith('DROP DEFAULT')) return last.get(sql) === index;
    return !first.has(sql) && first.add(sql);
  });
}

/** New values of an enum come before whatever may use them: a default, a policy, a view. */
function enumValuesFirst(steps: readonly Step[]): readonly Step[] {
  const values = steps.filter(isEnumValue);
  if (values.length === 0) return steps;
  // A type that is renamed on the way has its old name before.
  const types = new Set(values.flatMap(({ needs, makes }) => [...needs, ...makes]));
  const others = steps.filter(each => !isEnumValue(each));
  const at = others.findLastIndex(
    ({ sql, makes }) => /^ALTER TYPE .+ RENAME TO /.test(sql) && makes.some(name => types.has(name)),
  );
  return [...others.slice(0, at + 1), ...values, ...others.slice(at + 1)];
}

export function isEnumValue({ sql }: Pick<Step, 'sql'>): boolean {
  return /^ALTER TYPE .+ ADD VALUE /.test(sql);
}

/** REVOKE ALL ON TABLE takes what was granted on columns with it. */
function columnGrantsLast(steps: readonly Step[]): readonly Step[] {
  const isColumns = ({ sql }: Step) =>
    /^GRANT [^;]*?\([^)]*\)[^;]* ON (?:TABLE )?/.test(sql) && !/^GRANT [^(]* ON /.test(sql);
  const grants = steps.filter(isColumns);
  return grants.length === 0 ? steps : [...steps.filter(each => !isColumns(each)), ...grants];
}

/**
 * Without the grants on what the plan makes itself, and the comments on its extensions: default privileges give most of them,
 * extensions bring their comment, and what is still missing is found by the next look.
 */
export function withoutOwnGrants(steps: readonly Step[]): readonly Step[] {
  const isGrant = ({ sql }: Step) => /^(?:GRANT|REVOKE|COMMENT ON EXTENSION) /.test(sql);
  const made = new Set(steps.flatMap(each => (isGrant(each) ? [] : each.makes)));
  return steps.filter(each => !isGrant(each) || !each.needs.some(name => made.has(name)));
}
