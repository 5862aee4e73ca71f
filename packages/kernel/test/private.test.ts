import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import {
  assertOwnFile,
  assertPrivateFolder,
  cacheFolder,
  privateFolder,
  UnsafePlaceError,
} from '@peakstone/kernel/private';
import { otherUsersCannot, STRANGER } from '@peakstone/testing';

/** A folder in which anybody may make what they like, as `/tmp` is. */
let shared: string;
let count = 0;

before(() => {
  shared = mkdtempSync(path.join(tmpdir(), 'peakstone-private-'));
  chmodSync(shared, 0o1777);
});
after(() => rmSync(shared, { recursive: true, force: true }));

const fresh = () => path.join(shared, `place-${++count}`);
const modeOf = (folder: string) => statSync(folder).mode & 0o777;

/** Does it as another user of this machine. */
function asStranger(script: string, ...args: readonly string[]): void {
  const { status, stderr } = spawnSync('/bin/sh', ['-ec', script, 'sh', ...args], { cwd: '/', ...STRANGER });
  assert.equal(status, 0, stderr.toString());
}

describe('a private folder', () => {
  it('is made for its owner alone, with those above it, whatever the umask', () => {
    const folder = path.join(fresh(), 'a', 'b');
    const mask = process.umask(0);
    try {
      assert.equal(privateFolder(folder), folder);
    } finally {
      process.umask(mask);
    }
    assert.deepEqual([modeOf(folder), modeOf(path.dirname(folder))], [0o700, 0o700]);
    assert.equal(privateFolder(folder), folder);
  });

  it('is closed to those who could look inside', () => {
    const folder = fresh();
    mkdirSync(folder, { mode: 0o755 });
    privateFolder(folder, { mode: 0o711 });
    assert.equal(modeOf(folder), 0o711);
  });

  it('may be reached by a link of one’s own', () => {
    const [folder, link] = [fresh(), fresh()];
    mkdirSync(folder, { mode: 0o700 });
    symlinkSync(path.basename(folder), link);
    privateFolder(path.join(link, 'inside'));
    assert.deepEqual(readdirSync(folder), ['inside']);
  });

  const inviting: readonly (readonly [string, (folder: string) => string])[] = [
    ['in which others may write', folder => folder],
    ['below one in which others may write', folder => path.join(folder, 'a', 'b')],
  ];
  for (const [title, below] of inviting) {
    it(`is not one ${title}`, () => {
      const folder = fresh();
      mkdirSync(folder);
      chmodSync(folder, 0o777);
      assert.throws(() => privateFolder(below(folder)), UnsafePlaceError);
      assert.deepEqual(readdirSync(folder), []);
    });
  }

  it('says no to a file in its place, and to links in a circle', () => {
    const [file, link] = [fresh(), fresh()];
    writeFileSync(file, '');
    symlinkSync(link, link);
    assert.throws(() => privateFolder(file), { code: 'ENOTDIR' });
    assert.throws(() => privateFolder(link), /its links lead nowhere/);
  });

  it('takes what is above it as it is where told to: the user’s project', () => {
    const project = fresh();
    mkdirSync(project);
    chmodSync(project, 0o777);
    const folder = path.join(project, '.peakstone');
    assert.equal(privateFolder(folder, { within: project }), folder);
    assert.equal(modeOf(folder), 0o700);
  });

  it('is only looked at where another process must have made it', () => {
    const folder = fresh();
    assert.throws(() => assertPrivateFolder(folder), { code: 'ENOENT' });
    mkdirSync(folder, { mode: 0o755 });
    assertPrivateFolder(folder);
    assert.equal(modeOf(folder), 0o755);
  });
});

describe('what another user has prepared', { skip: otherUsersCannot() }, () => {
  const planted: readonly (readonly [string, string])[] = [
    ['a folder', 'mkdir -m 700 "$1"'],
    ['a folder for everyone', 'mkdir "$1"; chmod 1777 "$1"'],
    ['a link to a folder of its own', 'mkdir -m 700 "$1.real"; ln -s "$1.real" "$1"'],
    ['a link to a folder of ours', 'ln -s /root "$1"'],
  ];
  for (const [title, script] of planted) {
    it(`is not used: ${title}`, () => {
      const folder = fresh();
      asStranger(script, folder);
      for (const place of [folder, path.join(folder, 'below')]) {
        assert.throws(() => privateFolder(place), /belongs to user id 65534/);
        assert.throws(() => assertPrivateFolder(place), UnsafePlaceError);
      }
    });
  }

  it('is what that user may use, as root for it', () => {
    const folder = fresh();
    privateFolder(folder, { owner: STRANGER });
    assert.equal(statSync(folder).uid, STRANGER.uid);
    assert.equal(privateFolder(folder, { owner: STRANGER }), folder);
    assert.throws(
      () => privateFolder(folder, { owner: { uid: 4711, gid: 4711 } }),
      /belongs to user id 65534/,
    );
  });

  it('is not read as a setting: a file in a folder for everyone, or a link to one of ours', () => {
    const [theirs, link, ours] = [fresh(), fresh(), fresh()];
    writeFileSync(ours, '');
    asStranger('echo evil > "$1"; ln -s "$3" "$2"', theirs, link, ours);
    assert.throws(() => assertOwnFile(theirs), UnsafePlaceError);
    assert.throws(() => assertOwnFile(link), UnsafePlaceError);
    assertOwnFile(ours);
  });

  it('is not run as compiled code: the command goes without a cache', () => {
    const [own, cache] = [fresh(), fresh()];
    asStranger('mkdir -p "$1/node"; chmod -R 777 "$1"', cache);
    const main = path.join(import.meta.dirname, '../../cli/bin/main.mjs');
    for (const PEAKSTONE_CACHE_DIR of [own, cache]) {
      const run = spawnSync(process.execPath, [main, '--version'], {
        env: { ...process.env, PEAKSTONE_CACHE_DIR },
        encoding: 'utf8',
      });
      assert.equal(run.status, 0, run.stderr);
    }
    assert.notDeepEqual(readdirSync(path.join(own, 'node')), []);
    assert.deepEqual(readdirSync(path.join(cache, 'node')), []);
  });
});

describe('the cache', () => {
  it('lies where the user’s own things lie, and never in the temporary folder', () => {
    const home = fresh();
    mkdirSync(home, { mode: 0o700 });
    const script = `import { cacheFolder } from ${JSON.stringify(pathToFileURL(path.join(import.meta.dirname, '../src/privateFolder.mjs')).href)}; process.stdout.write(cacheFolder());`;
    const ask = (env: Record<string, string>, user = {}) =>
      spawnSync(process.execPath, ['--input-type=module', '-e', script], {
        env,
        cwd: '/',
        ...user,
        encoding: 'utf8',
      }).stdout;
    assert.equal(ask({ PEAKSTONE_CACHE_DIR: '/given' }), '/given');
    if (otherUsersCannot() === false) {
      chownSync(home, STRANGER.uid, STRANGER.gid);
      assert.equal(ask({ HOME: home, XDG_CACHE_HOME: '/xdg' }, STRANGER), '/xdg/peakstone');
      assert.match(ask({ HOME: home }, STRANGER), new RegExp(`^${home}/.*peakstone$`));
    }
    assert.equal(path.isAbsolute(cacheFolder()), true);
    assert.equal(
      cacheFolder().startsWith(tmpdir()),
      process.env.PEAKSTONE_CACHE_DIR?.startsWith(tmpdir()) ?? false,
    );
  });
});
