import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { plainFilters } from './filter.ts';
import { columnList, fieldName, jsonPath } from './names.ts';
import { orderTerms } from './order.ts';
import { MAX_DEPTH, type Parser, parse } from './parsec.ts';
import { selectForest } from './select.ts';

const { filterExpression, logicTree } = plainFilters;

function refusal(parser: Parser<unknown>, text: string): string {
  const result = parse(parser, text);
  assert.ok('refusal' in result, `${text} parsed`);
  return `${result.refusal.location} ${result.refusal.details}`;
}

describe('saying why a parameter does not parse', () => {
  const cases: readonly (readonly [string, Parser<unknown>, string, string])[] = [
    [
      'a character that cannot follow a field',
      selectForest,
      'name!hint',
      '(line 1, column 5) unexpected \'!\' expecting letter, digit, "-", "->>", "->", "::", ".", ")", "," or end of input',
    ],
    [
      'a cast without a type',
      selectForest,
      'name::',
      '(line 1, column 7) unexpected end of input expecting letter or digit',
    ],
    [
      'an embed that is not closed',
      selectForest,
      'client(id',
      '(line 1, column 10) unexpected end of input expecting letter, digit, "-", "->>", "->", "::", ".", ")", "," or end of input',
    ],
    [
      'a malformed index',
      selectForest,
      'data->>-78xy',
      '(line 1, column 11) unexpected \'x\' expecting digit, "->", "::", ".", "," or end of input',
    ],
    [
      'a parenthesis in a key',
      selectForest,
      'data->(a',
      '(line 1, column 7) unexpected "(" expecting "-", digit or any non reserved character different from: .,>()',
    ],
    [
      'a value without an operator',
      filterExpression,
      'val',
      '(line 1, column 1) unexpected "v" expecting "not" or operator (eq, gt, ...)',
    ],
    [
      'an empty quantifier',
      filterExpression,
      'eq().value',
      '(line 1, column 4) unexpected ")" expecting operator (eq, gt, ...)',
    ],
    [
      'a bad operand of is',
      filterExpression,
      'is.nul',
      '(line 1, column 7) unexpected end of input expecting isVal: (null, not_null, true, false, unknown)',
    ],
    [
      'an empty tree',
      logicTree,
      'or()',
      '(line 1, column 4) unexpected ")" expecting field name (* or [a..z0..9_$]), negation operator (not) or logic operator (and, or)',
    ],
    [
      'an unknown logic operator',
      logicTree,
      'or(id.eq.1,not.xor(id.eq.2,id.eq.3))',
      '(line 1, column 16) unexpected "x" expecting logic operator (and, or)',
    ],
    [
      'a list without parentheses in a tree',
      logicTree,
      'or(id.in.1,2,id.eq.3)',
      '(line 1, column 10) unexpected "1" expecting "("',
    ],
    [
      'an unknown direction',
      orderTerms,
      'id.smth34',
      '(line 1, column 4) unexpected "s" expecting "asc", "desc", "nullsfirst" or "nullslast"',
    ],
    [
      'letters after a direction',
      orderTerms,
      'id.descc',
      '(line 1, column 8) unexpected \'c\' expecting delimiter (.), "," or end of input',
    ],
    [
      'an empty list of columns',
      columnList,
      '',
      '(line 1, column 1) unexpected end of input expecting field name (* or [a..z0..9_$])',
    ],
    [
      'two minus signs before an index',
      jsonPath,
      '->>--34',
      '(line 1, column 5) unexpected "-" expecting digit',
    ],
    [
      'what could have continued a json path',
      selectForest,
      'a->b->c(',
      '(line 1, column 8) unexpected \'(\' expecting "-", "->>", "->", "::", ".", ")", "," or end of input',
    ],
    [
      'an embed that is not closed after its second field',
      selectForest,
      'client(id,name::text',
      '(line 1, column 21) unexpected end of input expecting "," or ")"',
    ],
    [
      'a character outside ASCII',
      fieldName,
      '«',
      '(line 1, column 1) unexpected "\\171" expecting field name (* or [a..z0..9_$])',
    ],
  ];
  for (const [what, parser, text, expected] of cases) {
    it(`shows ${what}`, () => assert.equal(refusal(parser, text), expected));
  }

  it('counts columns in characters, not in UTF-16 units', () => {
    assert.match(refusal(orderTerms, '"😀😀"!'), /^\(line 1, column 5\)/);
  });

  it('counts lines, and tabs to the next multiple of eight', () => {
    assert.match(refusal(filterExpression, 'in.(1\n,"a\n\t'), /^\(line 3, column 9\)/);
  });

  it('refuses nesting that only serves to grow the stack', () => {
    const deep = `${'a('.repeat(MAX_DEPTH + 1)}${')'.repeat(MAX_DEPTH + 1)}`;
    assert.match(refusal(selectForest, deep), /nesting deeper than 64 levels/);
    assert.match(refusal(logicTree, `and(${'and('.repeat(5000)}`), /nesting deeper than 64 levels/);
  });
});
