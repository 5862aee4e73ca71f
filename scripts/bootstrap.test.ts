import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
/** A Node of the machine that is older than 24, as a user may have; undefined when there is none. */
const oldNode = (process.env.PATH ?? '')
  .split(path.delimiter)
  .map(folder => path.join(folder, 'node'))
  .find(
    file =>
      existsSync(file) &&
      Number.parseInt(spawnSync(file, ['-p', 'process.versions.node']).stdout?.toString() ?? '', 10) < 24,
  );

/** The product's command, which needs no development tools. */
const PRODUCT = 'packages/cli/bin/main.mjs';

let folder: string;
let count = 0;
before(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'peakstone-bootstrap-'));
});
after(() => rmSync(folder, { recursive: true }));

/** A fresh clone of a tiny project, and an npm of our own that notes each call instead of using the network. */
function clone(npmScript = 'mkdir -p node_modules') {
  const root = path.join(folder, String(++count));
  for (const file of [
    'scripts/bootstrap.mjs',
    'packages/cli/bin/node24.mjs',
    'packages/kernel/src/memory.mjs',
    'packages/kernel/src/privateFolder.mjs',
  ]) {
    cpSync(path.join(ROOT, file), path.join(root, file));
  }
  writeFileSync(path.join(root, 'package.json'), '{"name":"tiny","version":"1.0.0"}');
  writeFileSync(
    path.join(root, 'package-lock.json'),
    '{"name":"tiny","version":"1.0.0","lockfileVersion":3,"packages":{}}',
  );
  for (const file of ['script.mjs', PRODUCT]) {
    writeFileSync(
      path.join(root, file),
      'console.log(process.version, ...process.argv.slice(2)); process.exit(7);',
    );
  }
  const bin = path.join(root, 'bin');
  mkdirSync(bin);
  writeFileSync(path.join(bin, 'npm'), `#!/bin/sh\necho "$@" >> calls\n${npmScript}\n`, { mode: 0o755 });
  const calls = () =>
    existsSync(path.join(root, 'calls'))
      ? readFileSync(path.join(root, 'calls'), 'utf8').trim().split('\n')
      : [];
  const start = (args = ['script.mjs'], node = process.execPath, more: NodeJS.ProcessEnv = {}) => {
    const { npm_execpath: _, ...env } = process.env;
    return spawn(node, [path.join(root, 'scripts/bootstrap.mjs'), ...args], {
      env: { ...env, ...more, PATH: `${bin}:/usr/bin:/bin` },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  };
  return {
    root,
    calls,
    start,
    run: async (args?: string[], node?: string, more?: NodeJS.ProcessEnv) => finish(start(args, node, more)),
  };
}

function finish(
  child: ChildProcess,
): Promise<{ code: number | null; signal: string | null; out: string; err: string }> {
  const texts = { out: '', err: '' };
  child.stdout?.on('data', chunk => {
    texts.out += chunk;
  });
  child.stderr?.on('data', chunk => {
    texts.err += chunk;
  });
  return new Promise(resolve => child.on('close', (code, signal) => resolve({ code, signal, ...texts })));
}

describe('the first run', () => {
  it('installs, then runs the script with its arguments and exit code; standard output is the script’s alone', async () => {
    const project = clone('echo noise; mkdir -p node_modules');
    const { code, out, err } = await project.run(['script.mjs', 'a', 'b c']);
    assert.equal(code, 7);
    assert.match(out, /^v\d+\.\S+ a b c\n$/);
    assert.match(err, /Installing dependencies/);
    assert.deepEqual(project.calls(), ['ci --no-audit --no-fund']);
  });

  it('by several at once installs once', async () => {
    const project = clone('sleep 0.5; mkdir -p node_modules');
    const runs = await Promise.all([1, 2, 3].map(() => project.run()));
    assert.deepEqual(
      runs.map(({ code }) => code),
      [7, 7, 7],
    );
    assert.equal(project.calls().length, 1);
  });

  it('goes on after one that was killed while it installed', async () => {
    const project = clone();
    mkdirSync(path.join(project.root, '.peakstone'));
    const dead = spawnSync('true').pid;
    writeFileSync(path.join(project.root, '.peakstone', 'install.lock'), String(dead));
    assert.equal((await project.run()).code, 7);
    assert.equal(existsSync(path.join(project.root, '.peakstone', 'install.lock')), false);
  });

  it('starts nothing when the installation fails, and tries again the next time', async () => {
    const project = clone(
      'test -e fixed && mkdir -p node_modules || { echo "npm error network" >&2; exit 3; }',
    );
    const failed = await project.run();
    assert.equal(failed.code, 3);
    assert.equal(failed.out, '');
    assert.match(failed.err, /npm error network[\s\S]*Nothing was started/);
    writeFileSync(path.join(project.root, 'fixed'), '');
    assert.equal((await project.run()).code, 7);
  });

  it('keeps quiet about the Node version, and takes npm install where the lock file lacks optional packages', async () => {
    const project = clone(`if [ "$1" = ci ]; then echo 'npm error code EUSAGE' >&2; exit 1; fi
      echo 'npm warn EBADENGINE Unsupported engine' >&2; mkdir -p node_modules`);
    const { code, err } = await project.run();
    assert.equal(code, 7);
    assert.doesNotMatch(err, /EBADENGINE|EUSAGE/);
    assert.deepEqual(project.calls(), ['ci --no-audit --no-fund', 'install --no-save --no-audit --no-fund']);
  });
});

describe('later runs', () => {
  it('install again only when the lock file has changed', async () => {
    const project = clone();
    await project.run();
    assert.equal((await project.run()).err, '');
    assert.equal(project.calls().length, 1);
    writeFileSync(
      path.join(project.root, 'package-lock.json'),
      '{"lockfileVersion":3,"packages":{"node_modules/x":{"version":"1.0.0"}}}',
    );
    await project.run();
    assert.equal(project.calls().length, 2);
  });

  it('accept an installation made by hand that matches the lock file', async () => {
    const project = clone();
    mkdirSync(path.join(project.root, 'node_modules'));
    writeFileSync(path.join(project.root, 'node_modules', '.package-lock.json'), '{"packages":{}}');
    assert.equal((await project.run()).code, 7);
    assert.deepEqual(project.calls(), []);
  });
});

describe('the development tools', () => {
  const CI = 'ci --omit=dev --no-audit --no-fund';
  const ADD = 'install --no-save --no-audit --no-fund';

  it('are not installed for the product, and added when first needed', async () => {
    const project = clone();
    for (const script of [PRODUCT, PRODUCT, 'script.mjs', 'script.mjs', PRODUCT])
      assert.equal((await project.run([script])).code, 7);
    assert.deepEqual(project.calls(), [CI, ADD]);
  });

  it('are there for the product as well, once everything is', async () => {
    const project = clone();
    await project.run(['script.mjs']);
    await project.run([PRODUCT]);
    assert.deepEqual(project.calls(), ['ci --no-audit --no-fund']);
  });

  it('are not taken for installed when that was interrupted', async () => {
    const project = clone(
      'test "$1" = ci || test -e again || { touch again; kill -9 $PPID; exit 1; }; mkdir -p node_modules',
    );
    await project.run([PRODUCT]);
    assert.equal((await project.run(['script.mjs'])).signal, 'SIGKILL');
    assert.equal((await project.run(['script.mjs'])).code, 7);
    assert.deepEqual(project.calls(), [CI, ADD, 'ci --no-audit --no-fund']);
  });

  it('are known to be missing from an installation made by hand without them', async () => {
    const project = clone();
    const entry = { version: '1.0.0' };
    const packages = { 'node_modules/x': entry, 'node_modules/tool': { ...entry, dev: true } };
    writeFileSync(path.join(project.root, 'package-lock.json'), JSON.stringify({ packages }));
    mkdirSync(path.join(project.root, 'node_modules', 'x'), { recursive: true });
    const record = path.join(project.root, 'node_modules', '.package-lock.json');
    writeFileSync(record, JSON.stringify({ packages: { 'node_modules/x': entry } }));
    await project.run([PRODUCT]);
    assert.deepEqual(project.calls(), []);
    await project.run(['script.mjs']);
    assert.deepEqual(project.calls(), [ADD]);
  });

  it('are installed whatever npm is told to leave out', async () => {
    const project = clone('test -z "$NODE_ENV$npm_config_omit" && mkdir -p node_modules');
    assert.equal(
      (await project.run(['script.mjs'], undefined, { NODE_ENV: 'production', npm_config_omit: 'dev' })).code,
      7,
    );
  });
});

describe('the process', () => {
  const waits =
    "process.on('SIGTERM', () => process.exit(9)); console.log('up'); setTimeout(() => {}, 60_000);";
  const runners = [
    ['replaced by the script', process.execPath],
    ['as an older Node, which hands over to the one npm brought', oldNode],
  ] as const;
  for (const [title, node] of runners) {
    it(`${title}, passes signals on`, {
      skip: node === undefined && 'no Node older than 24 here',
    }, async () => {
      const project = clone(`mkdir -p node_modules`);
      await project.run();
      const brought = path.join(project.root, 'node_modules', `node-${process.platform}-${process.arch}`);
      mkdirSync(path.join(brought, 'bin'), { recursive: true });
      writeFileSync(path.join(brought, 'package.json'), '{}');
      symlinkSync(process.execPath, path.join(brought, 'bin', 'node'));
      writeFileSync(path.join(project.root, 'wait.mjs'), waits);
      const child = project.start(['wait.mjs'], node);
      const done = finish(child);
      await new Promise(resolve => child.stdout?.once('data', resolve));
      child.kill('SIGTERM');
      assert.equal((await done).code, 9);
      const { out } = await project.run(['script.mjs'], node);
      assert.match(out, new RegExp(`^${process.version.replaceAll('.', '\\.')}\n$`));
    });
  }

  it('says what to do when there is no Node 24', {
    skip: oldNode === undefined && 'no Node older than 24 here',
  }, async () => {
    const { code, err } = await clone().run(['script.mjs'], oldNode);
    assert.equal(code, 1);
    assert.match(err, /needs Node 24 or newer/);
  });
});
