/**
 * The operators of conditions, one line each. Pure.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
 */
import { BlockList, isIP } from 'node:net';
import { matchesPattern } from './match.ts';
import type { Condition, ConditionValues } from './types.ts';
import { asSubject, expand } from './variables.ts';

type Compare = (value: string, wanted: string) => boolean;

const numeric =
  (compare: (a: number, b: number) => boolean): Compare =>
  (value, wanted) =>
    value.trim() !== '' && wanted.trim() !== '' && compare(Number(value), Number(wanted));

const temporal =
  (compare: (a: number, b: number) => boolean): Compare =>
  (value, wanted) =>
    compare(timeOf(value), timeOf(wanted));

const like: Compare = (value, wanted) => matchesPattern(asSubject(value, wanted), wanted);
const arnLike: Compare = (value, wanted) => {
  const given = value.split(':');
  const pattern = wanted.split(':');
  if (given.length < 6 || pattern.length < 6) return like(value, wanted);
  const parts = (all: readonly string[]): string[] => [...all.slice(0, 5), all.slice(5).join(':')];
  const [a, b] = [parts(given), parts(pattern)];
  return a.every((part, i) => like(part, b[i]!));
};

interface Operator {
  readonly matches: Compare;
  /** Holds when nothing matches. */
  readonly negated?: true;
  /** Values are patterns. */
  readonly wild?: true;
}

const same: Compare = (value, wanted) => value === wanted;
const sameIgnoringCase: Compare = (value, wanted) => value.toLowerCase() === wanted.toLowerCase();

export const operators: Readonly<Record<string, Operator>> = {
  StringEquals: { matches: same },
  StringNotEquals: { matches: same, negated: true },
  StringEqualsIgnoreCase: { matches: sameIgnoringCase },
  StringNotEqualsIgnoreCase: { matches: sameIgnoringCase, negated: true },
  StringLike: { matches: like, wild: true },
  StringNotLike: { matches: like, wild: true, negated: true },
  NumericEquals: { matches: numeric((a, b) => a === b) },
  NumericNotEquals: { matches: numeric((a, b) => a === b), negated: true },
  NumericLessThan: { matches: numeric((a, b) => a < b) },
  NumericLessThanEquals: { matches: numeric((a, b) => a <= b) },
  NumericGreaterThan: { matches: numeric((a, b) => a > b) },
  NumericGreaterThanEquals: { matches: numeric((a, b) => a >= b) },
  DateEquals: { matches: temporal((a, b) => a === b) },
  DateNotEquals: { matches: temporal((a, b) => a === b), negated: true },
  DateLessThan: { matches: temporal((a, b) => a < b) },
  DateLessThanEquals: { matches: temporal((a, b) => a <= b) },
  DateGreaterThan: { matches: temporal((a, b) => a > b) },
  DateGreaterThanEquals: { matches: temporal((a, b) => a >= b) },
  Bool: { matches: sameIgnoringCase },
  BinaryEquals: { matches: same },
  IpAddress: { matches: isInNetwork },
  NotIpAddress: { matches: isInNetwork, negated: true },
  ArnEquals: { matches: arnLike, wild: true },
  ArnLike: { matches: arnLike, wild: true },
  ArnNotEquals: { matches: arnLike, wild: true, negated: true },
  ArnNotLike: { matches: arnLike, wild: true, negated: true },
};

/** Whether a condition holds for what is known of the request. */
export function holds(condition: Condition, known: ConditionValues): boolean {
  const values = known.get(condition.key);
  if (condition.operator === 'Null')
    return condition.values.some(value => (value.toLowerCase() === 'true') === (values === undefined));
  const operator = operators[condition.operator];
  if (operator === undefined) return false;
  if (values === undefined || values.length === 0)
    return condition.ifExists || condition.quantifier === 'all' || operator.negated === true;
  const wanted = condition.values
    .map(value => expand(value, known))
    .filter(value => value !== undefined)
    .map(value =>
      operator.wild
        ? value
        : value.replace(/[\ue02a\ue03f]/g, c => String.fromCharCode(c.charCodeAt(0) - 0xe000)),
    );
  const matches = (value: string): boolean =>
    wanted.some(each => operator.matches(value, each)) !== (operator.negated === true);
  if (condition.quantifier === 'all') return values.every(matches);
  if (condition.quantifier === 'any') return values.some(matches);
  return operator.negated === true ? values.every(matches) : values.some(matches);
}

function timeOf(text: string): number {
  return /^\d{1,12}$/.test(text) ? Number(text) * 1000 : Date.parse(text);
}

function isInNetwork(address: string, network: string): boolean {
  const family = isIP(address);
  const [base = '', bits] = network.split('/');
  if (family === 0 || isIP(base) !== family) return false;
  const length = bits === undefined ? (family === 4 ? 32 : 128) : Number(bits);
  if (!Number.isInteger(length) || length < 0 || length > (family === 4 ? 32 : 128)) return false;
  const list = new BlockList();
  list.addSubnet(base, length, family === 4 ? 'ipv4' : 'ipv6');
  return list.check(address, family === 4 ? 'ipv4' : 'ipv6');
}
