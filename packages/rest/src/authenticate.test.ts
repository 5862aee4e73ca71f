import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { signJwt } from '@peakstone/kernel/jwt';
import { createAuthenticate } from './authenticate.ts';
import { defaultBeyond } from './config/beyond.ts';
import { defaultConfig } from './config/types.ts';

const secret = 'a key that has at least thirty-two bytes';
const config = {
  ...defaultConfig,
  dbUri: 'postgres://authenticator:pw@localhost/app',
  dbAnonRole: 'web_anon',
  jwtSecret: Buffer.from(secret),
};
const bearer = (role: unknown): string => `Bearer ${signJwt({ role }, secret)}`;

describe('a token that names the role that the server logs in as', () => {
  it('is refused where the setting says so, as one of a role that does not exist', () => {
    const authenticate = createAuthenticate({ ...config, beyond: { ...defaultBeyond, refusesLogin: true } });
    assert.throws(() => authenticate(bearer('authenticator')), {
      code: '22023',
      message: 'role "authenticator" does not exist',
    });
    assert.equal(authenticate(bearer('app_user')).role, 'app_user');
    assert.equal(authenticate(undefined).role, 'web_anon');
  });

  it('is taken elsewhere, as the reference does', () => {
    assert.equal(createAuthenticate(config)(bearer('authenticator')).role, 'authenticator');
  });
});
