/** What documents and messages make their readers type. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { trackedFiles } from './runner/tracked.ts';

const ROOT = path.dirname(import.meta.dirname);
const tracked = trackedFiles(ROOT);
const read = (file: string) => readFileSync(path.join(ROOT, file), 'utf8');
const documents = tracked.filter(file => file.endsWith('.md'));

/** Asks the public registry, where the name is not ours yet, unless the package is installed in the folder. */
const NPX = /\bnpx (?:-{1,2}\S+ )*(?:peakstone|@peakstone\/)/;
/** Packages that were made in a clone. */
const INSTALLS = /\bnpm (?:install|i) \S*\.tgz\b/;
/** By a name that the registry is asked for. */
const FETCHES = /\bnpm (?:install|i|add|create|init|exec) (?:-{1,2}\S+ )*(?:peakstone|@peakstone\/)/;

describe('documents', { skip: tracked[0] === '.' && 'needs a clone' }, () => {
  it('let npx run only what they have had installed further up', () => {
    const wrong = documents.flatMap(file => {
      const lines = read(file).split('\n');
      const installed = lines.findIndex(line => INSTALLS.test(line));
      return lines.flatMap((line, i) =>
        NPX.test(line) && (installed < 0 || i < installed) ? [`${file}:${i + 1}: ${line}`] : [],
      );
    });
    assert.deepEqual(wrong, []);
  });

  it('fetch nothing of ours from the registry', () => {
    assert.deepEqual(
      documents.filter(file => FETCHES.test(read(file))),
      [],
    );
  });

  it('link to pages that are there', () => {
    const wrong = documents.flatMap(file =>
      [...read(file).matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)[^)]*\)/g)]
        .map(([, target]) => path.join(path.dirname(file), target as string))
        .filter(target => !existsSync(path.join(ROOT, target)))
        .map(target => `${file} links to ${target}`),
    );
    assert.deepEqual(wrong, []);
  });
});

describe('guides', { skip: tracked[0] === '.' && 'needs a clone' }, () => {
  it('are all in the README’s list of them', () => {
    const list = /^## Guides\n(.*?)^## /ms.exec(read('README.md'))?.[1] ?? '';
    const guides = documents.filter(file => path.dirname(file) === 'docs');
    assert.deepEqual(
      guides.filter(file => !list.includes(`(${file})`)),
      [],
    );
  });
});

/** A page by its path, as sources name it; not the end of an address. */
const PAGE = /(?<![\w/-])(?:packages\/[\w-]+\/)?docs\/[\w/-]+\.md\b/g;

describe('sources', { skip: tracked[0] === '.' && 'needs a clone' }, () => {
  it('name pages that are there, in the repository or in their own package', () => {
    const wrong = tracked
      .filter(file => /^packages\/[^/]+\/(?:src|bin)\//.test(file))
      .flatMap(file => {
        const own = file.split('/').slice(0, 2).join('/');
        return [...read(file).matchAll(PAGE)]
          .map(([page]) => page)
          .filter(page => ![page, `${own}/${page}`].some(each => existsSync(path.join(ROOT, each))))
          .map(page => `${file} names ${page}`);
      });
    assert.deepEqual(wrong, []);
  });
});

describe('messages', { skip: tracked[0] === '.' && 'needs a clone' }, () => {
  it('name the command alone: how it was called is put in where they are shown', () => {
    const wrong = tracked
      .filter(file => /^packages\/[^/]+\/(?:src|bin)\//.test(file) && !file.endsWith('.test.ts'))
      .filter(file => file !== 'packages/cli/src/output/called.ts' && NPX.test(read(file)));
    assert.deepEqual(wrong, []);
  });
});
