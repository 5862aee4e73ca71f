import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { Project } from './cli.ts';

it('peakstone images sign takes the key of the stack in whose folder it is typed, or of the environment', async () => {
  const project = new Project();
  const sign = (env: Record<string, string> = {}) =>
    project.run(['images', 'sign', 's3://uploads/cat.jpg', 'w:300', '--plain'], '', env);
  try {
    const none = await sign();
    assert.equal(none.code, 2);
    assert.match(none.stderr, /There is no key to sign with/);
    writeFileSync(join(project.folder, '.env'), 'IMGPROXY_KEY_HEX=aabb\nIMGPROXY_SALT_HEX=ccdd\n', {
      mode: 0o600,
    });
    const own = await sign();
    assert.equal(own.code, 0, own.stderr);
    assert.match(own.stdout, /^\/[\w-]{43}\/w:300\/plain\/s3:\/\/uploads\/cat\.jpg\n$/);
    const given = await sign({ IMGPROXY_KEY: 'eeff', IMGPROXY_SALT: 'ccdd' });
    assert.notEqual(given.stdout, own.stdout);
    assert.equal((await sign({ IMGPROXY_KEY: 'no hex', IMGPROXY_SALT: 'ccdd' })).code, 2);
  } finally {
    rmSync(project.folder, { recursive: true, force: true });
  }
});
