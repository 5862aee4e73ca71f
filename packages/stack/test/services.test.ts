import assert from 'node:assert/strict';
import { globSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { services } from '../src/services/index.ts';
import { findVariable, variables } from '../src/variables.ts';

const source = join(import.meta.dirname, '../src');
const names = services.map(({ name }) => name);

describe('a service', () => {
  it('is one folder and one row', () => {
    const folders = readdirSync(join(source, 'services'), { withFileTypes: true });
    assert.deepEqual(
      folders.filter(entry => entry.isDirectory()).map(entry => entry.name),
      names.toSorted(),
    );
  });

  it('is named by nothing outside of its folder and the table', () => {
    const any = names.join('|');
    const special = new RegExp(
      `(?:[!=]==|\\bcase)\\s*'(?:${any})'|'(?:${any})'\\s*[!=]==|\\b(?:findService|findRow|endpointOf|httpOrigin)\\([^)]*'(?:${any})'|\\bports(?:\\.(?:${any})\\b|\\['(?:${any})'\\])`,
    );
    // What reads other products' projects speaks of their names.
    const files = globSync('**/*.ts', { cwd: source }).filter(
      file => !/^(?:services|init\/from)\//.test(file) && !file.endsWith('.test.ts'),
    );
    assert.ok(files.length > 50);
    const wrong = files.filter(file => {
      const code = readFileSync(join(source, file), 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
      return special.test(code);
    });
    assert.deepEqual(wrong, []);
  });

  it('needs, and cannot lack, only what stands before it', () => {
    for (const [index, { name, needs, cannotLack = [] }] of services.entries()) {
      const before = names.slice(0, index);
      assert.deepEqual(
        [...needs, ...cannotLack].filter(other => !before.includes(other)),
        [],
        name,
      );
    }
  });

  it('has variables of its own, and requires none that there is not', () => {
    assert.equal(new Set(variables.map(({ name }) => name)).size, variables.length);
    for (const { name, requires, local } of services)
      for (const variable of [...requires, ...(local?.secrets ?? [])])
        assert.ok(findVariable(variable), `${name}: ${variable}`);
  });

  it('has one in front of the others, and pinned images that do not move', () => {
    assert.equal(services.filter(({ front }) => front).length, 1);
    for (const { name, image, ownImage } of services)
      for (const { pin } of [image, ownImage].filter(pinned => pinned !== undefined)) {
        assert.match(pin, /:[^:/]+$/, name);
        assert.doesNotMatch(pin, /:latest$/, name);
      }
  });
});
