import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readGatewayConfig } from './config.ts';
import { leavesPrefix } from './routes.ts';
import { routesFromEnv } from './upstreams.ts';

describe("the gateway's settings", () => {
  it('have defaults that nobody outside can reach', () => {
    const config = readGatewayConfig({});
    assert.equal(config.host, '127.0.0.1');
    assert.equal(config.port, 8000);
    assert.deepEqual(config.corsOrigins, ['*']);
    assert.deepEqual(config.adminNetworks, ['loopback']);
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

  it('name services by URL and host', () => {
    const routes = routesFromEnv({
      PEAKSTONE_UPSTREAM_REST: 'http://rest:3000',
      DOMAIN_API: 'api.example.com',
    });
    assert.deepEqual(
      routes.map(({ name, target, host, paths }) => ({ name, target, host, paths })),
      [{ name: 'rest', target: 'http://rest:3000/', host: 'api.example.com', paths: ['/rest/v1'] }],
    );
    assert.throws(
      () => routesFromEnv({ PEAKSTONE_UPSTREAM_REST: 'rest:3000' }),
      /PEAKSTONE_UPSTREAM_REST must be a URL/,
    );
  });
});

describe('a path', () => {
  it('leaves its prefix by dot segments only', () => {
    for (const path of ['/a/..', '/a/../b', '/./a', '/a/%2E%2e/b', '/a%2f..', '/a/.%5c', '/a\\..\\b'])
      assert.ok(leavesPrefix(path), path);
    for (const path of ['/a', '/a.b', '/a/...', '/a/..b', '/a/b%2Fc', '/a/%252e%252e/b', '/.well-known/x'])
      assert.ok(!leavesPrefix(path), path);
  });
});
