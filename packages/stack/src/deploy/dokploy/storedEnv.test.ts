import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readStored, storeValue } from './storedEnv.ts';

describe('the environment that Dokploy holds', () => {
  it('gives containers every character of a value, although it is read twice', () => {
    for (const value of [
      'plain',
      'Abc$defGhi#jkl/mno+pqr=stu',
      '$HOME',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the value that is tried.
      '${HOME}',
      'a b #c',
      `it's`,
      'say "x"',
      `it's "x"`,
      'back\\slash$x',
      "it's a\\n",
      'two\nlines',
      '`$x`',
      '\'x"',
    ]) {
      assert.equal(readStored(`V=${storeValue('V', value)}\nW=1\n`).V, value, value);
    }
  });

  it('stands bare where nothing needs quotes', () => {
    assert.equal(storeValue('V', 'a/b+c='), 'a/b+c=');
    assert.equal(storeValue('V', 'a$b'), "`'a$b'`");
  });

  it('tells what is lost of a value that only one of both reads rightly', () => {
    assert.equal(readStored("V='Abc$defGhi#jkl'").V, 'Abc#jkl');
    assert.equal(readStored('V="a # b"').V, 'a');
    assert.equal(readStored('# c\nexport V=1 # d\nW: 2').V, '1');
  });

  it('refuses a value that no quotes hold', () => {
    assert.throws(() => storeValue('V', '\'"`$'), /Dokploy|without one of the three quotes/);
  });
});
