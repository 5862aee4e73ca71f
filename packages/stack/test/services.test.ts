import assert from 'node:assert/strict';
import { globSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
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

  const filesOf = (folder: string) =>
    globSync('**/*.ts', { cwd: folder }).filter(file => !file.endsWith('.test.ts'));
  const codeOf = (folder: string, file: string) =>
    readFileSync(join(folder, file), 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|(?<!:)\/\/.*$/gm, '');
  /** Of each file the services that it names, in quotes or behind a point; a command's own name is none. */
  const namedIn = (folder: string, files: readonly string[]) => {
    const any = names.join('|');
    const naming = new RegExp(
      `(?<!\\bname: )'(${any})'|\\b(?:ports|replicas)(?:\\.(${any})\\b|\\['(${any})'\\])`,
      'g',
    );
    return Object.fromEntries(
      files.flatMap(file => {
        const found = [...codeOf(folder, file).matchAll(naming)].map(([, a, b, c]) => a ?? b ?? c!);
        return found.length === 0 ? [] : [[file, [...new Set(found)].sort().join(' ')]];
      }),
    );
  };

  it('is named by nothing outside of its folder and the table', () => {
    // What reads other products' projects speaks of their names.
    const files = filesOf(source).filter(file => !/^(?:services|init\/from)\//.test(file));
    assert.ok(files.length > 50);
    assert.deepEqual(namedIn(source, files), {
      // Words that mean something else there.
      'definition.ts': 'postgres storage',
      'migrate/diff.ts': 'postgres',
      'operate/backup/letGo.ts': 'backup',
      'operate/backup/logical.ts': 'backup',
      'operate/backup/restore.ts': 'backup',
      // What the command of objects alone does.
      'operate/consoleLink.ts': 'console',
      'operate/hasura/index.ts': 'graphql postgres',
      'operate/objects.ts': 'storage',
      'project/paths.ts': 'logs',
      'project/urls.ts': 'postgres',
      'render/dokploy.ts': 'postgres storage',
      'render/files.ts': 'images',
      'resolve.ts': 'storage',
    });
    const gateway = join(source, '../../gateway/src');
    assert.deepEqual(namedIn(gateway, filesOf(gateway)), {
      // One who may see the inside.
      'adminCheck.ts': 'admin',
      // Itself.
      'gateway.ts': 'admin gateway',
      'recorder.ts': 'admin',
    });
    const cli = join(source, '../../cli/src');
    assert.deepEqual(namedIn(cli, filesOf(cli)), {
      // An origin, a column, an option.
      'backup/render.ts': 'backup',
      'commands/backup/restore.ts': 'backup',
      'commands/import.ts': 'postgres',
      // Its own test holds it to the table.
      'grammar/command.ts': 'backup console cron gateway graphql images postgres rest storage',
      // Commands of these names, to which its own test holds it.
      'output/called.ts':
        'atlas-migrate backup console db-bootstrap gateway graphql images logs rest storage',
    });
  });

  /** Of each file the folders of services that it imports from, by way of what. */
  const importedBy = (files: readonly string[]) =>
    Object.fromEntries(
      files.flatMap(file => {
        const found = [...codeOf(source, file).matchAll(/from '(\.[^']+)'/g)]
          .map(([, specifier]) => relative(source, join(source, dirname(file), specifier!)))
          .filter(target => /^services\/[^/]+\//.test(target) && dirname(target) !== dirname(file))
          .map(target => target.replace(/^services\/|\.ts$/g, ''));
        return found.length === 0 ? [] : [[file, [...new Set(found)].sort().join(' ')]];
      }),
    );

  it('has its folder opened by the table, and by what is of that service alone', () => {
    const { 'inContainer.ts': entries, ...others } = importedBy(
      filesOf(source).filter(file => !file.startsWith('services/')),
    );
    // One service by itself, as its image and its command have it.
    for (const target of entries!.split(' ')) assert.match(target, /\/(?:job|standalone)$/);
    assert.deepEqual(others, {
      'index.ts': 'rest/generate',
      'migrate/types.ts': 'rest/generate',
      'operate/backup/cluster.ts': 'backup/databaseUrl backup/method postgres/folder',
      'operate/backup/create.ts': 'backup/databaseUrl backup/method',
      'operate/backup/index.ts': 'backup/describe backup/standalone',
      'operate/backup/letGo.ts': 'backup/databaseUrl backup/method',
      'operate/backup/list.ts': 'backup/method',
      'operate/backup/logical.ts': 'backup/databaseUrl backup/logical',
      'operate/backup/receiving.ts': 'backup/index',
      'operate/backup/restore.ts': 'backup/method backup/restoredServer postgres/folder postgres/replacement',
      'operate/backup/vaults.ts': 'backup/stackWriter',
      // What the command of pictures alone does.
      'operate/images.ts': 'images/environment images/standalone',
      // The one thing that every command may need of the database.
      'run/databaseUrl.ts': 'postgres/address',
      'render/files.ts': 'postgres/health',
    });
  });

  it('is named by no other one, except as what that needs, and tells others only where it is, how large, and where it has written', () => {
    const told = /^\S+\/(?:address|connectionUrl|endpoint|sizing|stackWriter)$/;
    for (const name of names) {
      const folder = `services/${name}`;
      const files = filesOf(join(source, folder)).map(file => `${folder}/${file}`);
      for (const [file, found] of Object.entries(importedBy(files)))
        for (const target of found.split(' ')) assert.match(target, told, file);
      const others = names.filter(other => other !== name).join('|');
      const asks = new RegExp(
        `(?:[!=]==|\\bcase)\\s*'(?:${others})'|'(?:${others})'\\s*[!=]==|\\b(?:findService|findRow|endpointOf|httpOrigin|after|get|has)\\([^)]*'(?:${others})'|\\b(?:ports|replicas)(?:\\.(?:${others})\\b|\\['(?:${others})'\\])`,
      );
      assert.deepEqual(
        files.filter(file => asks.test(codeOf(source, file))),
        [],
        name,
      );
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
