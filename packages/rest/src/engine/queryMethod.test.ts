import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { allowingQuery } from './queryMethod.ts';

describe('what OPTIONS says of QUERY', () => {
  it('names it beside GET, and nowhere else', () => {
    const of = (allow: string) =>
      allowingQuery({ status: 200, headers: ['X', 'GET,HEAD', 'Allow', allow], body: '' }).headers;
    assert.deepEqual(of('OPTIONS,GET,HEAD,POST').slice(0, 4), [
      'X',
      'GET,HEAD',
      'Allow',
      'OPTIONS,GET,HEAD,QUERY,POST',
    ]);
    assert.equal(of('OPTIONS,POST')[3], 'OPTIONS,POST');
  });
});
