/** Reads policies. Pure. */
import { S3Error } from '../errors/s3Error.ts';
import { operators } from './conditions.ts';
import { matchesPattern } from './match.ts';
import type { Condition, Policy, Principals, Selection, Statement } from './types.ts';

export type PolicyKind = 'bucket' | 'identity' | 'trust';

const maxBytes: Readonly<Record<PolicyKind, number>> = { bucket: 20_480, identity: 20_480, trust: 20_480 };

/**
 * @param bucket of a bucket's policy: its resources must be of that bucket
 * @throws {S3Error} MalformedPolicy
 */
export function parsePolicy(text: string, kind: PolicyKind, bucket?: string): Policy {
  if (text.length > maxBytes[kind]) throw refuse('Policy is larger than 20 KiB.');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw refuse("Policies must be valid JSON and the first byte must be '{'");
  }
  const document = record(value, 'Policy must be an object.');
  const { Version: version = '2008-10-17', Statement: statements } = document;
  if (version !== '2012-10-17' && version !== '2008-10-17') throw refuse('Policy has an invalid Version.');
  if (statements === undefined) throw refuse('Missing required field Statement');
  const list = Array.isArray(statements) ? statements : [statements];
  if (list.length === 0) throw refuse('Policy has no statement.');
  return { version, statements: list.map(each => parseStatement(each, kind, bucket)) };
}

function parseStatement(value: unknown, kind: PolicyKind, bucket: string | undefined): Statement {
  const given = record(value, 'A statement must be an object.');
  const { Sid, Effect, Condition: conditions } = given;
  if (Effect !== 'Allow' && Effect !== 'Deny') throw refuse('Invalid effect: it must be Allow or Deny.');
  const actions = selection(given, 'Action', 'NotAction');
  const resources = selection(given, 'Resource', 'NotResource');
  const principals = parsePrincipals(given);
  if (actions === undefined) throw refuse('Missing required field Action');
  for (const pattern of actions.patterns)
    if (!/^(?:\*|[a-z0-9*?-]+:[A-Za-z0-9*?]+)$/.test(pattern)) throw refuse('Policy has invalid action');
  if (kind === 'bucket') {
    if (principals === undefined) throw refuse('Missing required field Principal');
    if (principals.negated && Effect === 'Allow') throw refuse('NotPrincipal must not be used to allow');
    if (resources === undefined) throw refuse('Missing required field Resource');
    for (const pattern of resources.patterns)
      if (!isOfBucket(pattern, bucket!)) throw refuse('Policy has invalid resource');
    for (const pattern of actions.patterns)
      if (!/^(?:\*|s3)/.test(pattern)) throw refuse('Policy has invalid action');
  } else if (kind === 'identity') {
    if (principals !== undefined) throw refuse('Policy document should not specify a principal.');
    if (resources === undefined && !actions.patterns.every(pattern => /^(?:admin|sts|kms):/.test(pattern)))
      throw refuse('Policy statement must contain resources.');
  } else if (principals === undefined) throw refuse('Missing required field Principal');
  return {
    sid: typeof Sid === 'string' ? Sid : undefined,
    effect: Effect,
    principals,
    actions,
    resources,
    conditions: conditions === undefined ? [] : parseConditions(conditions),
  };
}

function isOfBucket(pattern: string, bucket: string): boolean {
  const match = /^arn:aws[a-z-]*:s3:[^:]*:[^:]*:([^/]*)(?:\/.*)?$/s.exec(pattern);
  return match !== null && matchesPattern(bucket, match[1]!);
}

function selection(
  given: Readonly<Record<string, unknown>>,
  name: string,
  negatedName: string,
): Selection | undefined {
  if (given[name] !== undefined && given[negatedName] !== undefined)
    throw refuse(`Statement has both ${name} and ${negatedName}.`);
  const negated = given[negatedName] !== undefined;
  const value = negated ? given[negatedName] : given[name];
  if (value === undefined) return undefined;
  const patterns = strings(value, `Invalid ${name}.`);
  if (patterns.length === 0) throw refuse(`${name} is empty.`);
  return { patterns, negated };
}

function parsePrincipals(given: Readonly<Record<string, unknown>>): Principals | undefined {
  const negated = given.NotPrincipal !== undefined;
  const value = negated ? given.NotPrincipal : given.Principal;
  if (value === undefined) return undefined;
  if (value === '*') return { everyone: true, aws: [], federated: [], negated };
  const kinds = record(value, 'Invalid principal in policy');
  const aws = kinds.AWS === undefined ? [] : strings(kinds.AWS, 'Invalid principal in policy');
  const federated =
    kinds.Federated === undefined ? [] : strings(kinds.Federated, 'Invalid principal in policy');
  if (aws.length + federated.length === 0 && kinds.Service === undefined)
    throw refuse('Invalid principal in policy');
  for (const each of aws) {
    if (each !== '*' && !/^\d{12}$/.test(each) && !/^arn:aws[a-z-]*:(?:iam|sts)::[^:]*:.+$/.test(each))
      throw refuse('Invalid principal in policy');
  }
  return { everyone: aws.includes('*'), aws: aws.filter(each => each !== '*'), federated, negated };
}

function parseConditions(value: unknown): Condition[] {
  const found: Condition[] = [];
  for (const [name, keys] of Object.entries(record(value, 'Invalid Condition.'))) {
    const match = /^(?:(ForAnyValue|ForAllValues):)?([A-Za-z]+?)(IfExists)?$/.exec(name);
    if (match === null || (match[2] !== 'Null' && !(match[2]! in operators)))
      throw refuse(`Invalid Condition type : ${name}`);
    for (const [key, values] of Object.entries(record(keys, 'Invalid Condition.'))) {
      found.push({
        operator: match[2]!,
        ifExists: match[3] !== undefined,
        quantifier: match[1] === undefined ? undefined : match[1] === 'ForAnyValue' ? 'any' : 'all',
        key: key.toLowerCase(),
        values: strings(values, 'Invalid Condition.'),
      });
    }
  }
  return found;
}

function strings(value: unknown, message: string): string[] {
  return (Array.isArray(value) ? value : [value]).map(each => {
    if (typeof each === 'string') return each;
    if (typeof each === 'number' || typeof each === 'boolean') return String(each);
    throw refuse(message);
  });
}

function record(value: unknown, message: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refuse(message);
  return value as Readonly<Record<string, unknown>>;
}

function refuse(message: string): S3Error {
  return new S3Error('MalformedPolicy', message);
}
