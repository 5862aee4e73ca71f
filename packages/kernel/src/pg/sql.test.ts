import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { identifier, join, quoteIdentifier, quoteLiteral, quoteQualified, raw, sql, toSql } from './sql.ts';

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
});

describe('composing SQL', () => {
  it('makes values parameters and numbers them through nested fragments', () => {
    const conditions = join([sql`a = ${'1'}`, sql`b = ${null}`, sql`true`], ' and ');
    assert.deepEqual(
      toSql(sql`select ${identifier('s', 'c')} from ${raw('t')} where ${conditions} limit ${'9'}`),
      {
        text: 'select "s"."c" from t where a = $1 and b = $2 and true limit $3',
        values: ['1', null, '9'],
      },
    );
  });

  it('joins nothing to nothing', () => {
    assert.deepEqual(toSql(sql`(${join([])})`), { text: '()', values: [] });
  });

  it('takes bytes as a value', () => {
    const body = new Uint8Array([123, 125]);
    assert.deepEqual(toSql(sql`select ${body}::json`), { text: 'select $1::json', values: [body] });
  });

  it('refuses more parameters than the protocol can count', () => {
    const many = join(Array.from({ length: 65_536 }, () => sql`${'x'}`));
    assert.throws(() => toSql(many), RangeError);
  });
});
