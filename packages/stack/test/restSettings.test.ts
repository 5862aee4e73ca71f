// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the text is in Compose's interpolation syntax.
/** Settings of the REST API, on this machine and in containers. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { buildContainers } from '../src/render/containers.ts';
import { resolveStack } from '../src/resolve.ts';
import type { Peer } from '../src/services/local.ts';
import { restEnv } from '../src/services/rest/run.ts';

const front: Peer = {
  name: 'gateway',
  title: 'Gateway',
  contract: '',
  paths: ['/'],
  route: undefined,
  domain: undefined,
  scheme: 'http',
  front: true,
  essential: false,
  engine: { kind: 'peakstone' },
};

const local = (env: Readonly<Record<string, string>>) =>
  restEnv({ env, host: '127.0.0.1', ports: { gateway: 8000 }, peers: [front], facts: {} });
const container = (engine: 'peakstone' | 'upstream') =>
  buildContainers(resolveStack({ engine })).find(({ name }) => name === 'rest')?.environment ?? {};

describe('settings of the REST API', () => {
  it("keep the extensions' schema on the search path, whatever else is on it", () => {
    const path = (env: Readonly<Record<string, string>>) => local(env).PGRST_DB_EXTRA_SEARCH_PATH;
    assert.equal(path({}), 'public,extensions');
    assert.equal(path({ PGRST_DB_EXTRA_SEARCH_PATH: '' }), 'public,extensions');
    assert.equal(path({ PGRST_DB_EXTRA_SEARCH_PATH: 'public' }), 'public,extensions');
    assert.equal(path({ PGRST_DB_EXTRA_SEARCH_PATH: 'shop, public' }), 'shop, public,extensions');
    for (const engine of ['peakstone', 'upstream'] as const)
      assert.equal(
        container(engine).PGRST_DB_EXTRA_SEARCH_PATH,
        '${PGRST_DB_EXTRA_SEARCH_PATH:-public},extensions',
      );
  });
});
