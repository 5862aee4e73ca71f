import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { withOption } from './connection.ts';

describe('an option added to a connection string', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['postgres://u:p@h:5/d', 'postgres://u:p@h:5/d?k=a%20b'],
    ['postgres://u:p@h:5/d?', 'postgres://u:p@h:5/d?k=a%20b'],
    ['postgresql:///d?host=/run', 'postgresql:///d?host=/run&k=a%20b'],
    ['postgresql://', 'postgresql://?k=a%20b'],
    ['postgres://u:?p?@h/d', 'postgres://u:?p?@h/d?k=a%20b'],
    ['host=h dbname=d', "host=h dbname=d k='a b'"],
    ['tmp_db', "dbname='tmp_db' k='a b'"],
  ];
  for (const [url, expected] of cases) {
    it(`${url} becomes ${expected}`, () => {
      assert.equal(withOption(url, 'k', 'a b'), expected);
    });
  }

  it('cannot break out of its quotes', () => {
    assert.equal(withOption('host=h', 'k', `a' b='\\`), `host=h k='a\\' b=\\'\\\\'`);
  });
});
