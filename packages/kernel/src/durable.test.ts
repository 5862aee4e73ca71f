import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { createFile, makeFolders, openReplacement, replaceFile } from './durable.ts';

const root = mkdtempSync(join(tmpdir(), 'peakstone-durable-'));
after(() => rmSync(root, { recursive: true }));
const folder = (): string => mkdtempSync(join(root, 'f-'));

describe('a file that is replaced', () => {
  it('is there whole, keeps its mode, and leaves nothing beside', () => {
    const place = folder();
    const file = join(place, 'types.ts');
    replaceFile(file, 'one');
    chmodSync(file, 0o640);
    replaceFile(file, 'é'.repeat(100_000));
    assert.equal(readFileSync(file, 'utf8').length, 100_000);
    assert.equal(statSync(file).mode & 0o777, 0o640);
    assert.deepEqual(readdirSync(place), ['types.ts']);
  });

  it('stays where a link of one’s own leads, also to what is not there yet', () => {
    const place = folder();
    mkdirSync(join(place, 'kept'));
    symlinkSync('kept/types.ts', join(place, 'types.ts'));
    for (const text of ['one', 'two']) {
      replaceFile(join(place, 'types.ts'), text);
      assert.equal(readFileSync(join(place, 'kept', 'types.ts'), 'utf8'), text);
    }
    assert.equal(lstatSync(join(place, 'types.ts')).isSymbolicLink(), true);
  });

  it('stays as it was until what takes its place is whole', () => {
    const place = folder();
    const file = join(place, 'rows.csv');
    writeFileSync(file, 'before');
    const half = openReplacement(file);
    writeFileSync(half.path, 'half', { flag: half.flag });
    half.discard();
    assert.deepEqual([readFileSync(file, 'utf8'), readdirSync(place)], ['before', ['rows.csv']]);
  });

  it('is written to as it is where it is none, and refused where it is a folder', () => {
    replaceFile('/dev/null', 'gone');
    assert.equal(statSync('/dev/null').isFile(), false);
    const place = folder();
    assert.throws(() => replaceFile(place, ''), { code: 'EISDIR' });
    assert.throws(() => replaceFile(join(place, 'none', 'types.ts'), ''), {
      code: 'ENOENT',
      path: join(place, 'none', 'types.ts'),
    });
  });
});

describe('what is made', () => {
  it('is never made over what is there, not even a link that leads nowhere', () => {
    const place = folder();
    const file = join(place, 'first.sql');
    createFile(file, 'one');
    assert.throws(() => createFile(file, 'two'), { code: 'EEXIST' });
    assert.equal(readFileSync(file, 'utf8'), 'one');
    symlinkSync(join(place, 'elsewhere'), join(place, 'link'));
    assert.throws(() => createFile(join(place, 'link'), 'two'), { code: 'EEXIST' });
    assert.equal(existsSync(join(place, 'elsewhere')), false);
  });

  it('is refused with the system’s own reason, folders as well', { skip: cannotMount() }, () => {
    const place = folder();
    const script = `mount -t tmpfs -o ro tmpfs ${place} && exec ${process.execPath} -e ${quoted(
      `import('${new URL('./durable.ts', import.meta.url).href}').then(({ makeFolders }) => makeFolders('${place}/a/b')).catch(({ code, path }) => console.log(code, path))`,
    )}`;
    const { stdout, stderr } = spawnSync('unshare', ['--mount', '/bin/sh', '-c', script], {
      encoding: 'utf8',
    });
    assert.equal(stdout, `EROFS ${place}/a\n`, stderr);
    makeFolders(join(place, 'a', 'b'));
    makeFolders(join(place, 'a', 'b'));
    assert.equal(statSync(join(place, 'a', 'b')).isDirectory(), true);
    writeFileSync(join(place, 'file'), '');
    assert.throws(() => makeFolders(join(place, 'file')), { code: 'EEXIST' });
    assert.throws(() => makeFolders(join(place, 'file', 'below')), { code: 'ENOTDIR' });
  });
});

function cannotMount(): string | false {
  const { status } = spawnSync('unshare', ['--mount', 'true']);
  return status === 0 ? false : 'nothing can be mounted here';
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
