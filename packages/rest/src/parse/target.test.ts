import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RestError } from '../errors.ts';
import { parseTarget } from './target.ts';

const settings = { dbSchemas: ['api', 'v2'], dbRootSpec: null, openapiMode: 'follow-privileges' };
const target = (method: string, path: string, headers = {}) =>
  parseTarget({ method, path, headers }, settings);
const root = { method: 'GET', path: '/', headers: {} };
const code = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    return (error as RestError).code;
  }
  return 'none';
};

describe('the target of a request', () => {
  it('is a relation, whose name may hold anything', () => {
    assert.deepEqual(target('GET', '/my%20films%2F1').action, {
      kind: 'read',
      name: 'my films/1',
      headersOnly: false,
    });
  });

  it('is a function under /rpc', () => {
    assert.deepEqual(target('POST', '/rpc/f').action, { kind: 'call', name: 'f', method: 'POST' });
  });

  it('is the schema at the root, or the function that stands for it', () => {
    assert.deepEqual(target('HEAD', '/').action, { kind: 'inspect', headersOnly: true });
    const own = parseTarget(root, { ...settings, dbRootSpec: { name: 'root' } });
    assert.deepEqual(own.action, { kind: 'call', name: 'root', method: 'GET' });
  });

  it('takes its schema from Accept-Profile for reads and Content-Profile for writes', () => {
    const headers = { 'accept-profile': 'v2', 'content-profile': 'api' };
    assert.equal(target('GET', '/films', headers).schema, 'v2');
    assert.equal(target('PATCH', '/films', headers).schema, 'api');
    assert.equal(target('GET', '/films').schema, 'api');
  });

  it('is refused outside the exposed schemas', () => {
    assert.equal(
      code(() => target('GET', '/films', { 'accept-profile': 'private' })),
      'PGRST106',
    );
  });

  it('is refused for methods and paths that mean nothing', () => {
    assert.equal(
      code(() => target('TRACE', '/films')),
      'PGRST117',
    );
    assert.equal(
      code(() => target('DELETE', '/rpc/f')),
      'PGRST101',
    );
    for (const path of ['/films/1', '/films/', '//', '/rpc/f/']) {
      assert.equal(
        code(() => target('GET', path)),
        'PGRST125',
      );
    }
    assert.equal(
      code(() => parseTarget(root, { ...settings, openapiMode: 'disabled' })),
      'PGRST126',
    );
  });
});
