import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { evaluateJsonPath } from './roleClaim/jsonPath/evaluate.ts';
import { parseJsonPath } from './roleClaim/jsonPath/parse.ts';
import { JsonPathError } from './roleClaim/jsonPath/types.ts';
import { dumpRoleClaimKey, parseRoleClaimKey } from './roleClaim.ts';

const select = (path: string, value: unknown) => evaluateJsonPath(parseJsonPath(path), value);

const store = {
  book: [
    { title: 'A', price: 8, tags: ['x'] },
    { title: 'B', price: 12 },
    { title: 'C', price: 9, isbn: '1' },
  ],
  "it's": { '"q"': 1 },
};

describe('JSONPath', () => {
  const cases: readonly (readonly [string, readonly unknown[]])[] = [
    ['$.book[0].title', ['A']],
    ['$.book[-1].title', ['C']],
    ['$.book[*].price', [8, 12, 9]],
    ['$.book[0,2].title', ['A', 'C']],
    ['$.book[1:].title', ['B', 'C']],
    ['$.book[::2].title', ['A', 'C']],
    ['$.book[::-1].title', ['C', 'B', 'A']],
    ['$.book[:0].title', []],
    ['$..isbn', ['1']],
    ["$['it\\'s']['\"q\"']", [1]],
    ['$.book[?@.isbn].title', ['C']],
    ['$.book[?!@.isbn].title', ['A', 'B']],
    ['$.book[?@.price < 10 && @.title != "A"].title', ['C']],
    ['$.book[?(@.price > 10 || @.isbn == "1")].title', ['B', 'C']],
    ['$.book[?@.price == $.book[0].price].title', ['A']],
    ['$.book[?length(@.title) == 1 && count(@.tags[*]) == 1].title', ['A']],
    ['$.book[?value(@..isbn) == "1"].title', ['C']],
    ['$.book[?match(@.title, "[AB]")].title', ['A', 'B']],
    ['$.book[?search(@.title, "B|C")].title', ['B', 'C']],
    ['$.book[?@.price >= 12].title', ['B']],
    ['$.nothing.at.all', []],
    ['$.book.title', []],
  ];
  for (const [path, expected] of cases) {
    it(`${path} selects ${JSON.stringify(expected)}`, () => {
      assert.deepEqual(select(path, store), expected);
    });
  }

  it('compares deeply and never across types', () => {
    assert.deepEqual(select('$[?@ == $[0]]', [{ a: [1] }, { a: [1] }, { a: [2] }]), [{ a: [1] }, { a: [1] }]);
    assert.deepEqual(select('$[?@ == 1]', ['1', 1, true]), [1]);
    assert.deepEqual(select('$[?@.a == @.b]', [{}, { a: null }]), [{}]);
  });

  it('does not reach what objects inherit', () => {
    assert.deepEqual(select('$.constructor', {}), []);
    assert.deepEqual(select('$.__proto__', {}), []);
  });

  for (const path of [
    '',
    'a',
    '$.',
    '$[',
    '$.a b',
    '$[01]',
    '$[?@.a =]',
    '$[?length(@)]',
    '$.a[?@ == ]',
    '$[?@..a == 1]',
  ]) {
    it(`refuses ${JSON.stringify(path)}`, () => {
      assert.throws(() => parseJsonPath(path), JsonPathError);
    });
  }

  it('refuses patterns that come with the token, and nesting without end', () => {
    assert.throws(() => parseJsonPath('$[?match(@.a, @.b)]'), /a literal pattern/);
    assert.throws(() => parseJsonPath(`$[?${'('.repeat(100)}`), /fewer nested/);
    assert.throws(() => parseJsonPath(`$${'.a'.repeat(5000)}`), /a shorter path/);
  });

  it('gives up on claims made to exhaust it', () => {
    let wide: unknown = 1;
    for (let i = 0; i < 40; i++) wide = [wide, wide, wide];
    // Followed to the end, it would not be done within anybody's patience.
    assert.deepEqual(select('$..[*]..[*]', wide), []);
  });
});

describe('the role claim', () => {
  it('is text as it is, and anything else as JSON', () => {
    assert.equal(parseRoleClaimKey('$.role').find({ role: 'web' }), 'web');
    assert.equal(parseRoleClaimKey('$.role').find({ role: 5 }), '5');
    assert.equal(parseRoleClaimKey('$.role').find({}), undefined);
  });

  it('is the first of several', () => {
    assert.equal(parseRoleClaimKey('$.roles[?@ != "none"]').find({ roles: ['none', 'a', 'b'] }), 'a');
  });

  it('is still found by the older syntax, which is reported', () => {
    const older: readonly (readonly [string, unknown, string])[] = [
      ['.a.role', { a: { role: 'r' } }, '."a"."role"'],
      ['."x-y"[1].z', { 'x-y': [0, { z: 'r' }] }, '."x-y"[1]."z"'],
      ['.roles[?(@ ^== "db_")]', { roles: ['x', 'db_r'] }, '."roles"[?(@ ^== "db_")]'],
      ['.roles[?(@ ==^ "_r")]', { roles: ['x', 'db_r'] }, '."roles"[?(@ ==^ "_r")]'],
      ['.roles[?(@ *== "b_")]', { roles: ['x', 'db_r'] }, '."roles"[?(@ *== "b_")]'],
      ['.roles[?(@ != "x")]', { roles: ['x', 'db_r'] }, '."roles"[?(@ != "x")]'],
    ];
    for (const [key, claims, shown] of older) {
      const claim = parseRoleClaimKey(key);
      assert.match(claim.find(claims) ?? '', /^(db_)?r$/);
      assert.equal(claim.deprecated, shown);
      assert.equal(dumpRoleClaimKey(key), shown);
    }
    assert.equal(parseRoleClaimKey('$.role').deprecated, null);
  });
});
