import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { routesFromEnv } from './upstreams.ts';

describe('settings of a gateway that runs alone', () => {
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
