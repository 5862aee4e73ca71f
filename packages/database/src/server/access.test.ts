import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { renderHba, renderIdent } from './access.ts';

const options = {
  superuser: 'ad"min',
  systemUsers: ['root', 'postgres'],
  networks: ['10.0.0.0/8'],
  hasUserRules: true,
};

describe('client authentication', () => {
  it('asks everybody for a password but the stack itself on its private socket', () => {
    const rules = renderHba(options)
      .split('\n')
      .filter(line => line !== '' && !line.startsWith('#'));
    assert.equal(rules[0], 'local all "ad""min" peer map=peakstone');
    assert.equal(rules[1], 'include "pg_hba.user.conf"');
    assert.ok(rules.slice(2).every(rule => rule.endsWith(' scram-sha-256')));
    assert.ok(rules.includes('host all all 10.0.0.0/8 scram-sha-256'));
  });

  it('maps only the accounts named to the superuser', () => {
    assert.match(renderIdent(options), /^peakstone "root" "ad""min"\npeakstone "postgres" "ad""min"$/m);
  });

  it('has no way without a password where accounts have no name', () => {
    assert.doesNotMatch(renderHba({ ...options, systemUsers: [] }), /peer/);
  });
});
