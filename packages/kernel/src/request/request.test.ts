import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createVerifier, JwtError, signJwt } from '../jwt/index.ts';
import { createIdentify, requestSettings, transactionSettings } from './index.ts';

const SECRET = 'reallyreallyreallyreallyverysafe';

describe('who a request is', () => {
  const identify = createIdentify({
    verifier: createVerifier({ secret: SECRET }),
    findRole: claims => (typeof claims.role === 'string' ? claims.role : null),
    anonymousRole: 'anon',
  });
  const bearing = (claims: object) => identify(`Bearer ${signJwt({ ...claims }, SECRET)}`);

  it('is what its token says, or the anonymous role', () => {
    assert.deepEqual(identify(undefined), { role: 'anon', claimsJson: '{"role":"anon"}', isAnonymous: true });
    assert.deepEqual(bearing({ sub: 'x' }), {
      role: 'anon',
      claimsJson: '{"sub":"x","role":"anon"}',
      isAnonymous: true,
    });
    assert.deepEqual(bearing({ role: 'user', n: 1 }), {
      role: 'user',
      claimsJson: '{"role":"user","n":1}',
      isAnonymous: false,
    });
  });

  it('is refused without a role, where none is for strangers', () => {
    const strict = createIdentify({
      verifier: createVerifier({ secret: SECRET }),
      findRole: () => null,
      anonymousRole: null,
    });
    for (const authorization of [undefined, `Bearer ${signJwt({}, SECRET)}`])
      assert.throws(
        () => strict(authorization),
        error => error instanceof JwtError && error.reason === 'tokenRequired',
      );
  });
});

describe('the settings of a transaction', () => {
  const headers = { accept: 'a', cookie: 'a=1; b="two"', 'x-name': 'Ã©' };
  const request = requestSettings('{"role":"user"}', { method: 'GET', path: '/films', headers });

  it('tell of the request as JSON, cookies apart from the other headers, in UTF-8', () => {
    assert.deepEqual(Object.fromEntries(request), {
      'request.jwt.claims': '{"role":"user"}',
      'request.method': 'GET',
      'request.path': '/films',
      'request.headers': '{"accept":"a","x-name":"é"}',
      'request.cookies': '{"a":"1","b":"two"}',
    });
  });

  it('are one statement, the role behind its own settings, which may need more than the role has', () => {
    const { text, values } = transactionSettings({
      mode: 'read write',
      searchPath: '"api"',
      ofRole: [['statement_timeout', '5s']],
      role: 'user',
      request: [['request.method', 'GET']],
      others: [[['app.name', 'x']], []],
    });
    const set = (parameters: string): string => `pg_catalog.set_config(${parameters}, true)`;
    assert.equal(
      text,
      `select pg_catalog.pg_advisory_unlock_all(), pg_catalog.setseed($1), ${set("'transaction_isolation', 'read committed'")}, ${set("'transaction_read_only', 'off'")}, ${set("'search_path', $2")}, ${set('$3, $4')}, ${set("'role', $5")}, ${set("'request.method', $6")}, ${set('$7, $8')}`,
    );
    const [seed, ...others] = values;
    assert.ok(Math.abs(Number(seed)) <= 1, String(seed));
    assert.deepEqual(others, ['"api"', 'statement_timeout', '5s', 'user', 'GET', 'app.name', 'x']);
  });

  it('take no role `none`, which would be the one that has logged in', () => {
    const asNone = (): unknown =>
      transactionSettings({
        mode: 'begun',
        searchPath: '',
        ofRole: [],
        role: 'none',
        request: [],
        others: [],
      });
    assert.throws(asNone, { code: '22023', message: 'role "none" does not exist' });
  });
});
