import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRandom, type Random } from '../../test/fuzz/random.ts';
import { columnFilters, plainFilters } from './filter.ts';
import { orderTerms } from './order.ts';
import { FAIL, type Parser, parse, stateOf } from './parsec.ts';
import { selectForest } from './select.ts';
import { describeRefusal } from './trace.ts';

/** Reads every character by the rules alone. */
function parseAtLength(parser: Parser<unknown>, text: string): unknown {
  const state = stateOf(text, 0);
  const value = parser(state);
  return value === FAIL ? { refusal: describeRefusal(state.error, text, state.position) } : { value };
}

const pieces = [
  'id',
  'a',
  'and',
  'or',
  'not',
  'in',
  'is',
  'eq',
  'fts',
  'null',
  'count()',
  'sum()',
  '1',
  '*',
  '.',
  ',',
  '(',
  ')',
  ':',
  '::',
  '->',
  '->>',
  '"',
  '\\',
  '\\"',
  '{',
  '}',
  '!',
  '!inner',
  '...',
  ' ',
  '-',
  'a b',
  'é',
  'id.eq.1',
  'not.eq.2',
  'in.(1,2)',
  'and(',
  'or(',
  'a->b->>c',
  '"x"',
  'a->1',
  'name,',
  'rel(',
  'desc',
  'nullsfirst',
  '(any)',
  '(col)',
  '=',
] as const; // prettier-ignore

const starts = [
  '',
  'id,name,',
  'rel(id,',
  '(id.eq.1,',
  'and(id.eq.1,or(',
  'id.in.(1,"2",',
  'eq.',
  'in.(',
  'in.("a","',
  'data->a->',
];

const textOf = (random: Random): string =>
  random.pick(starts) + Array.from({ length: random.int(9) }, () => random.pick(pieces)).join('');

describe('shortcuts of the parsers', () => {
  const parsers: Readonly<Record<string, Parser<unknown>>> = {
    select: selectForest,
    order: orderTerms,
    filter: plainFilters.filterExpression,
    'filter or argument': plainFilters.filterOrArgument,
    'logic tree': plainFilters.logicTree,
    'filter of columns': columnFilters.filterExpression,
    'logic tree of columns': columnFilters.logicTree,
  };
  for (const [name, parser] of Object.entries(parsers)) {
    it(`take a ${name} for what it is, and refuse it in the same words`, () => {
      const random = createRandom(name.length);
      let values = 0;
      for (let i = 0; i < 8_000; i++) {
        const text = textOf(random);
        const quick = parse(parser, text);
        if ('value' in quick) values++;
        assert.deepEqual(quick, parseAtLength(parser, text), JSON.stringify(text));
      }
      assert.ok(values > 50, `${values} were read`);
    });
  }
});
