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

  /** Where code asks for one of these services by its name. Rows do, in `needs`; so do routes and commands, of their own. */
  const asksFor = (any: string) =>
    new RegExp(
      `(?:[!=]==|\\bcase)\\s*'(?:${any})'|'(?:${any})'\\s*[!=]==|\\b(?:findService|findRow|endpointOf|httpOrigin|after|get|has)\\([^)]*'(?:${any})'|\\b(?:ports|replicas)(?:\\.(?:${any})\\b|\\['(?:${any})'\\])`,
    );
  const asking = (files: readonly string[], folder: string, any = names.join('|')) => {
    const special = asksFor(any);
    return files.filter(file => {
      const code = readFileSync(join(folder, file), 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
      return special.test(code);
    });
  };
  const filesOf = (folder: string) =>
    globSync('**/*.ts', { cwd: folder }).filter(file => !file.endsWith('.test.ts'));

  it('is named by nothing outside of its folder and the table', () => {
    // What reads other products' projects speaks of their names.
    const files = filesOf(source).filter(file => !/^(?:services|init\/from)\//.test(file));
    assert.ok(files.length > 50);
    assert.deepEqual(asking(files, source), []);
    // `admin` is a word of the gateway's as well: one who may see the inside.
    const known = { gateway: names.filter(name => name !== 'admin'), cli: names };
    for (const [name, any] of Object.entries(known)) {
      const folder = join(source, '../..', name, 'src');
      assert.ok(filesOf(folder).length > 10);
      assert.deepEqual(asking(filesOf(folder), folder, any.join('|')), []);
    }
  });

  it('is named by no other one, except as what that needs', () => {
    for (const name of names) {
      const folder = join(source, 'services', name);
      const others = names.filter(other => other !== name).join('|');
      assert.deepEqual(asking(filesOf(folder), folder, others), [], name);
    }
  });

  it('needs, and cannot lack, only what stands before it', () => {
    for (const [index, { name, needs, needsWhenUpstream = [], cannotLack = [] }] of services.entries()) {
      const before = names.slice(0, index);
      assert.deepEqual(
        [...needs, ...needsWhenUpstream, ...cannotLack].filter(other => !before.includes(other)),
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
