import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readGatewayConfig } from './config.ts';

describe("the gateway's settings", () => {
  it('have defaults that nobody outside can reach', () => {
    const config = readGatewayConfig({});
    assert.equal(config.host, '127.0.0.1');
    assert.equal(config.port, 8000);
    assert.deepEqual(config.corsOrigins, ['*']);
    assert.deepEqual(config.adminNetworks, ['loopback']);
  });

  it('name the variable of a network that is none', () => {
    for (const name of ['GATEWAY_ADMIN_NETWORKS', 'GATEWAY_TRUSTED_PROXIES'])
      assert.throws(() => readGatewayConfig({ [name]: 'private, 10.0.0.0/33' }), {
        name: 'ConfigError',
        message: new RegExp(`^${name} must be addresses, .*, not "10\\.0\\.0\\.0/33"`),
      });
  });

  it("take the stack's CORS list, or an own one", () => {
    assert.deepEqual(readGatewayConfig({ HASURA_CORS: 'https://a.b, http://localhost:3000' }).corsOrigins, [
      'https://a.b',
      'http://localhost:3000',
    ]);
    assert.deepEqual(readGatewayConfig({ HASURA_CORS: '*', GATEWAY_CORS: 'https://a.b' }).corsOrigins, [
      'https://a.b',
    ]);
    assert.throws(() => readGatewayConfig({ HASURA_CORS: 'a.b' }), /HASURA_CORS must be origins such as/);
  });
});
