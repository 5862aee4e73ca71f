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

it('peakstone images sign refuses what the service would, naming the option, and says when a source is not served', async () => {
  const project = new Project({ IMGPROXY_KEY: 'aabb', IMGPROXY_SALT: 'ccdd' });
  const sign = (source: string, options: string, env: Record<string, string> = {}) =>
    project.run(['images', 'sign', source, options], '', env);
  try {
    for (const [options, expected] of [
      ['q:80/w:wide', /^error: w:wide: Invalid width: wide .*; it is written w:%width\.\n/],
      ['rs:fil:300', /^error: rs:fil:300: Invalid resizing_type: fil /],
      ['wdth:300', /^error: wdth:300: Unknown processing option wdth\.\n/],
      ['w300/q:80', /^error: w300: an option has arguments, as in w:300; /],
      ['f:doc', /^error: f:doc: Invalid format: doc /],
      ['pr:thumb', /^error: pr:thumb: Unknown preset: thumb\.\n/],
    ] as const) {
      const { code, stdout, stderr } = await sign('s3://uploads/cat.jpg', options);
      assert.deepEqual([code, stdout], [2, ''], options);
      assert.match(stderr, expected);
    }
    const preset = await sign('cat.jpg', 'pr:thumb', { IMGPROXY_PRESETS: 'thumb=rs:fill:100:100' });
    assert.deepEqual([preset.code, preset.stderr], [0, '']);
    const allowed = { IMGPROXY_ALLOWED_SOURCES: 's3://uploads/' };
    const other = await sign('https://example.com/a.png', 'w:300/-/rot:90', allowed);
    assert.equal(other.code, 0);
    assert.match(
      other.stderr,
      /will not be answered: Source URL is not allowed: https:\/\/example\.com\/a\.png/,
    );
    const based = await sign('https://example.com/a.png', '', { IMGPROXY_BASE_URL: 's3://uploads/' });
    assert.match(based.stderr, /IMGPROXY_BASE_URL makes it s3:\/\/uploads\/https:\/\/example\.com\/a\.png/);
  } finally {
    rmSync(project.folder, { recursive: true, force: true });
  }
});
