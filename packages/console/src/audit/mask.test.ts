import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { maskSecrets } from './mask.ts';

describe('what is kept of a statement', () => {
  it('has no password in it, however it is quoted', () => {
    for (const [statement, kept] of [
      ["alter role a password 'x''y' valid until 'z'", "alter role a password '•••' valid until 'z'"],
      ["ALTER ROLE a PASSWORD E'a\\'b'", "ALTER ROLE a PASSWORD '•••'"],
      ['create role a password $q$x$y$q$', "create role a password '•••'"],
      ["select login(password => 'x', name => 'y')", "select login(password => '•••', name => 'y')"],
      ["update users set password = 'x'", "update users set password = '•••'"],
    ])
      assert.equal(maskSecrets(statement!), kept);
  });
});
