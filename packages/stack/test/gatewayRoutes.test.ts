import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { buildContainers } from '../src/render/containers.ts';
import { resolveStack } from '../src/resolve.ts';
import { chooseEngines } from '../src/run/plan.ts';
import { readRoutes } from '../src/services/gateway/standalone.ts';

describe('the gateway in front of containers', () => {
  const urls = {
    PEAKSTONE_UPSTREAM_REST: 'http://rest:3000',
    PEAKSTONE_UPSTREAM_GRAPHQL: 'http://graphql:8080',
    PEAKSTONE_UPSTREAM_STORAGE: 'http://storage:9000',
    PEAKSTONE_UPSTREAM_IMAGES: 'http://images:8080',
  };

  it('routes to the services of the table by path and by host, as their rows say', () => {
    const routes = readRoutes({ ...urls, DOMAIN_API: 'api.shop.dev', DOMAIN_GQL: 'gql.example.com' });
    assert.deepEqual(
      routes.map(({ name, target, host, paths, stripPrefix }) => [name, target, host, paths, stripPrefix]),
      [
        ['rest', 'http://rest:3000/', 'api.shop.dev', ['/rest/v1'], true],
        // An example's host is nobody's.
        ['graphql', 'http://graphql:8080/', undefined, ['/v1/graphql'], false],
        ['storage', 'http://storage:9000/', undefined, ['/storage'], true],
        ['images', 'http://images:8080/', undefined, ['/img'], true],
      ],
    );
    const storage = routes.find(({ name }) => name === 'storage');
    assert.deepEqual(
      [storage?.maxBodyBytes, storage?.keepHost, storage?.compress],
      [Number.POSITIVE_INFINITY, true, false],
    );
    assert.deepEqual(
      routes.filter(({ firstRequest }) => firstRequest).map(({ name }) => name),
      ['rest'],
    );
  });

  it('is told by its container the address and the host of each', () => {
    const gateway = buildContainers(resolveStack()).find(({ name }) => name === 'gateway');
    const given = Object.keys(gateway?.environment ?? {});
    assert.deepEqual(
      given.filter(name => name.startsWith('PEAKSTONE_UPSTREAM_')),
      Object.keys(urls),
    );
    assert.deepEqual(
      given.filter(name => name.startsWith('DOMAIN_')),
      ['DOMAIN_API', 'DOMAIN_GQL', 'DOMAIN_FILES', 'DOMAIN_IMG'],
    );
  });

  it('refuses an address that is none, as the local start does', () => {
    const env = { PEAKSTONE_UPSTREAM_REST: 'rest:3000' };
    for (const read of [readRoutes, chooseEngines])
      assert.throws(() => read(env), /PEAKSTONE_UPSTREAM_REST must be a URL/);
    assert.deepEqual(chooseEngines({ PEAKSTONE_UPSTREAM_GRAPHQL: 'http://g:1' }).get('graphql'), {
      kind: 'external',
      url: 'http://g:1/',
    });
  });

  it('goes nowhere for a service that is left out, as the local start does not run it', () => {
    const env = { ...urls, PEAKSTONE_UPSTREAM_GRAPHQL: 'off', PEAKSTONE_UPSTREAM_POSTGRES: 'off' };
    assert.deepEqual(
      readRoutes(env).map(({ name }) => name),
      ['rest', 'storage', 'images'],
    );
    assert.equal(chooseEngines(env).has('graphql'), false);
    assert.equal(chooseEngines(env).has('postgres'), true);
    const own = chooseEngines({ PEAKSTONE_UPSTREAM_GRAPHQL: 'peakstone' });
    assert.deepEqual(own.get('graphql'), { kind: 'peakstone' });
  });
});
