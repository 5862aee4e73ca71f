// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the text is in Compose's interpolation syntax.
/** Settings of the REST API, on this machine and in containers. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { buildContainers } from '../src/render/containers.ts';
import { resolveStack } from '../src/resolve.ts';
import type { Peer } from '../src/services/local.ts';
import { restEnv } from '../src/services/rest/run.ts';
import { restFurther } from '../src/services/rest/variables.ts';

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

/** What REST makes of these settings, without a database. */
function dump(env: Readonly<Record<string, string>>): string {
  const file = JSON.stringify(new URL('../src/services/rest/standalone.ts', import.meta.url).href);
  const source = `import { runStandaloneRest } from ${file}; await runStandaloneRest(['--dump-config'], process.env);`;
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', source], {
    env: { PATH: process.env.PATH, PGRST_DB_URI: 'postgresql://nobody@127.0.0.1:1/none', ...env },
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  return stdout;
}

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

  it('are all in its container: handed on from .env, or the deployment’s own', () => {
    const environment = container('peakstone');
    const names = dump({})
      .split('\n')
      .flatMap(line => /^([a-z][a-z0-9-]*) = /.exec(line)?.[1] ?? [])
      .map(name => `PGRST_${name.toUpperCase().replaceAll('-', '_')}`);
    assert.ok(names.length > 40);
    // Where it listens; nothing else of the container's listens there.
    const places = /_(?:REUSEPORT|UNIX_SOCKET|UNIX_SOCKET_MODE)$|^PGRST_ADMIN_SERVER_HOST$/;
    assert.deepEqual(
      names.filter(name => !(name in environment) && !places.test(name)),
      [],
    );
    for (const { name } of restFurther) assert.equal(environment[name], `\${${name}:-}`);
  });

  it('are as if they were not there where .env has none', () => {
    assert.equal(dump(Object.fromEntries(restFurther.map(({ name }) => [name, '']))), dump({}));
  });
});
