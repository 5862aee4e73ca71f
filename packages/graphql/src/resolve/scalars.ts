/** Scalar values: a column's, which read all that PostgreSQL does, and GraphQL's own, which are strict. */
import { Kind } from 'graphql/language/index.js';
import type { Scalar } from '../catalog/scalars.ts';
import { HasuraError, type Path } from '../errors.ts';
import { isRawNumber, numberText } from '../ir/json.ts';
import { integerText, isJson, readScalar } from '../ir/readers.ts';
import type { ParamSource, Reader } from '../ir/value.ts';
import type { NamedRef } from '../schema/types.ts';
import {
  describe,
  type Given,
  holdsVariable,
  type Input,
  type InputContext,
  isNull,
  nodeToJson,
  refuse,
} from './values.ts';

/** @throws {HasuraError} */
export function readColumnValue(
  context: InputContext,
  scalar: Scalar,
  typeName: string,
  given: Given,
  path: Path,
): Input {
  if (isNull(given)) throw refuse(`unexpected null value for type '${typeName}'`, path);
  // Whatever JSON there is fits, so that it is written once, when it is sent.
  if (isJson(scalar) && given.kind === 'json')
    return { kind: 'scalar', value: given.value, source: { kind: 'json', path: given.path } };
  const read: Reader = value => {
    if (value === null) throw refuse(`unexpected null value for type '${typeName}'`, []);
    return readScalar(scalar, value);
  };
  return toInput(context, given, read, path);
}

/** A value with its text, or with how a variable becomes one. */
function toInput(context: InputContext, given: Given, read: Reader, path: Path): Input {
  const value = given.kind === 'json' ? given.value : nodeToJson(given.node, context.variables);
  const text = at(path, () => read(value));
  let source: ParamSource;
  if (given.kind === 'json') source = { kind: 'variable', path: given.path, read };
  else if (holdsVariable(given.node)) {
    // A variable inside of a JSON literal: made anew for each request, which is what unremembered plans are for.
    context.onStructural([]);
    source = { kind: 'constant', text };
  } else source = { kind: 'constant', text };
  return { kind: 'scalar', value, source };
}

function at<T>(path: Path, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof HasuraError ? error.within(path) : error;
  }
}

const integers = {
  plain: { expected: 'a 32-bit integer', min: -2147483648n, max: 2147483647n },
  nonNegative: { expected: 'a non-negative 32-bit integer', min: 0n, max: 2147483647n },
  big: {
    expected: 'a 32-bit integer, or a 64-bit integer represented as a string',
    min: -9223372036854775808n,
    max: 9223372036854775807n,
  },
} as const;

/** GraphQL's own scalars, where the reference reads them as such. `Int` of limits is not below zero. */
export function readBuiltin(
  context: InputContext,
  { name, refine }: NamedRef,
  given: Given,
  path: Path,
): Input {
  const json = given.kind === 'json';
  const value = json ? given.value : nodeToJson(given.node, context.variables);
  const mismatch = (expected: string): HasuraError =>
    refuse(`expected ${expected} for type '${name}', but found ${describe(given, context)}`, path);
  const isNumber = typeof value === 'number' || isRawNumber(value);
  switch (name) {
    case 'Boolean':
      if (typeof value !== 'boolean') throw mismatch('a boolean');
      return toInput(context, given, each => String(each), path);
    case 'Int': {
      const isText = refine === 'big' && typeof value === 'string' && /^\d+$/.test(value);
      const isFit = isText || (isNumber && (json || given.node.kind === Kind.INT));
      const { expected, min, max } = integers[refine ?? 'plain'];
      if (!isFit || (refine === 'nonNegative' && Number(numberText(value as number)) < 0))
        throw mismatch(expected);
      return toInput(context, given, integerReader(mismatch, expected, min, max), path);
    }
    case 'Float':
      if (!isNumber) throw mismatch('a float');
      return toInput(context, given, each => numberText(each as number), path);
    case 'String':
      if (typeof value !== 'string' || (!json && given.node.kind !== Kind.STRING)) throw mismatch('a string');
      return toInput(context, given, textReader, path);
    case 'ID':
      if (typeof value !== 'string' && !isNumber) throw mismatch('a String or a 32-bit integer');
      return toInput(
        context,
        given,
        each => (typeof each === 'string' ? each : numberText(each as number)),
        path,
      );
    default:
      return toInput(context, given, each => (typeof each === 'string' ? each : JSON.stringify(each)), path);
  }
}

const textReader: Reader = value => {
  if (typeof value !== 'string') throw new HasuraError('validation-failed', 'expected a string');
  return value;
};

function integerReader(
  mismatch: (expected: string) => HasuraError,
  expected: string,
  min: bigint,
  max: bigint,
): Reader {
  return value => {
    if (value === null) throw mismatch(expected);
    return integerText(typeof value === 'string' ? value : numberText(value as number), min, max);
  };
}

/** Reads each item of a list that holds no nulls. */
export function itemReader(scalar: Scalar): Reader {
  return item => {
    if (item === null) throw new HasuraError('validation-failed', 'unexpected null value');
    return readScalar(scalar, item);
  };
}
