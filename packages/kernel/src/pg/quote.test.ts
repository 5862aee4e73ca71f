import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { arrayLiteral, quoteIdentifier, quoteLiteral, quoteQualified } from './quote.ts';

describe('quoting', () => {
  it('keeps identifiers identifiers', () => {
    assert.equal(quoteIdentifier('select'), '"select"');
    assert.equal(quoteIdentifier('a"; drop table x; --'), '"a""; drop table x; --"');
    assert.equal(quoteQualified('My schema', 't'), '"My schema"."t"');
    assert.throws(() => quoteIdentifier(''), TypeError);
    assert.throws(() => quoteIdentifier('a\0b'), TypeError);
  });

  it('keeps literals literals, whatever standard_conforming_strings says', () => {
    assert.equal(quoteLiteral("it's"), "'it''s'");
    assert.equal(quoteLiteral(String.raw`\'; drop`), String.raw` E'\\''; drop'`);
    assert.throws(() => quoteLiteral('\0'), TypeError);
  });

  it('keeps elements of an array apart, and none of them NULL', () => {
    assert.equal(arrayLiteral([]), '{}');
    assert.equal(arrayLiteral(['a,b', 'say "x" \\', 'NULL', '']), '{"a,b","say \\"x\\" \\\\","NULL",""}');
  });
});
