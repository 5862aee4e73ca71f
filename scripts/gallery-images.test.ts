import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { optionTable } from '../packages/images/src/options/index.ts';
import { withOptions } from './gallery-images.ts';

const docs = new URL('../docs/', import.meta.url);

describe('docs/images.md', () => {
  it('has every option as the table of options has it, with a picture (npm run gallery:images)', () => {
    const page = readFileSync(new URL('images.md', docs), 'utf8');
    assert.equal(page, withOptions(page));
    for (const { name } of optionTable) assert.ok(existsSync(new URL(`images/${name}.webp`, docs)), name);
  });
});
