import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { leavesPrefix } from './routes.ts';

describe('a path', () => {
  it('leaves its prefix by dot segments only', () => {
    for (const path of ['/a/..', '/a/../b', '/./a', '/a/%2E%2e/b', '/a%2f..', '/a/.%5c', '/a\\..\\b'])
      assert.ok(leavesPrefix(path), path);
    for (const path of ['/a', '/a.b', '/a/...', '/a/..b', '/a/b%2Fc', '/a/%252e%252e/b', '/.well-known/x'])
      assert.ok(!leavesPrefix(path), path);
  });
});
