/** One version, wherever it stands: tools and images are named by it. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { stackVersion } from '../packages/stack/src/definition.ts';

const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

describe('the version', () => {
  it('is the same in every package, in what they say of themselves, and in the images', () => {
    const files = ['package.json', ...globSync('packages/*/package.json', { cwd: ROOT })];
    for (const file of files) {
      const { version } = JSON.parse(readFileSync(path.join(ROOT, file), 'utf8')) as { version: string };
      assert.equal(version, stackVersion, file);
    }
    const rest = readFileSync(path.join(ROOT, 'packages/rest/src/version.ts'), 'utf8');
    assert.ok(rest.includes(`'${stackVersion}'`), 'packages/rest/src/version.ts');
  });
});
