import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type StandIn, startDokploy } from '@peakstone/testing/dokploy';
import { Project } from './cli.ts';

describe('peakstone doctor --deploy', () => {
  const project = new Project();
  after(() => project.close());

  it('says that all is well where it is', async () => {
    assert.equal((await project.run(['deploy', 'env'])).code, 0);
    const env = join(project.folder, '.env');
    writeFileSync(env, readFileSync(env, 'utf8').replace(/^DOMAIN_.*\n/gm, ''));
    assert.deepEqual(await project.run(['doctor', '--deploy']), {
      code: 0,
      stdout: 'All is well.\n',
      stderr: '',
    });
  });
});

describe('peakstone deploy dokploy', () => {
  const project = new Project();
  let dokploy: StandIn;
  before(async () => {
    dokploy = await startDokploy();
    Object.assign(project.env, { DOKPLOY_URL: dokploy.url, DOKPLOY_API_KEY: dokploy.apiKey });
    assert.equal((await project.run(['deploy', 'env'])).code, 0);
    assert.equal((await project.run(['deploy', 'dokploy'])).code, 0);
  });
  after(async () => {
    await dokploy.close();
    await project.close();
  });

  it('changes nothing where the two sides differ and nobody can be asked, and does as its options say', async () => {
    const compose = [...dokploy.composes.values()][0]!;
    compose.env = String(compose.env).replace(/^TZ=.*$/m, 'TZ=Africa/Lagos');
    const refused = await project.run(['deploy', 'dokploy']);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /TZ: Dokploy has Africa\/Lagos, \.env here UTC/);
    assert.match(refused.stderr, /nothing was changed.*--yes.*--keep/s);
    assert.match(String(compose.env), /^TZ=Africa\/Lagos$/m);
    assert.equal((await project.run(['deploy', 'dokploy', '--keep'])).code, 0);
    assert.match(String(compose.env), /^TZ=Africa\/Lagos$/m);
    assert.equal((await project.run(['deploy', 'dokploy', '--yes'])).code, 0);
    assert.match(String(compose.env), /^TZ=UTC$/m);
    assert.equal((await project.run(['deploy', 'dokploy', '--yes', '--keep'])).code, 2);
  });
});
