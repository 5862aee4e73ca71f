import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  globSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { npmCommand } from './npm.ts';
import { makeTarballs } from './tarballs.ts';

const ROOT = path.dirname(path.dirname(import.meta.dirname));
/** As `du -sm` counts: most is Node and PostgreSQL; libvips and what calls it have 22 MB, LMDB in four builds 21. */
const MAX_INSTALLED_BYTES = 312 * 1024 * 1024;
const folder = mkdtempSync(path.join(tmpdir(), 'peakstone-pack-'));
// Root's PostgreSQL, which is another user, must pass; else the data would go to /var/lib.
chmodSync(folder, 0o711);
let tarballs: readonly string[];
before(async () => {
  tarballs = await makeTarballs(ROOT, path.join(folder, 'made'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

interface Published {
  readonly name: string;
  readonly version: string;
  readonly exports: Readonly<Record<string, { readonly types: string; readonly default: string }>>;
  readonly bin?: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** A package's code in more files than these is not bundled: finding and reading them is most of a start. */
const MAX_FILES = 80;

/** Imports at the start of a line, imports in the middle, and files by their place. */
const NAMES =
  /^(?:(?:import|export)\b[^'"`]*|\} )from ['"]([^'"]+)['"]|^import ['"]([^'"]+)['"]|\bimport\(['"]([^'"]+)['"]\)|new URL\(\s*['"](\.[^'"]+)['"],\s*import\.meta\.url/gm;

/** Each package unpacked, as npm will find it. */
function unpacked(): {
  readonly root: string;
  readonly files: readonly string[];
  readonly manifest: Published;
}[] {
  return tarballs.map(tarball => {
    const root = path.join(folder, 'unpacked', path.basename(tarball, '.tgz'));
    if (!existsSync(root)) {
      mkdirSync(root, { recursive: true });
      assert.equal(spawnSync('tar', ['xzf', tarball, '-C', root, '--strip-components=1']).status, 0);
    }
    const files = globSync('**/*', { cwd: root }).filter(file => lstatSync(path.join(root, file)).isFile());
    return {
      root,
      files,
      manifest: JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as Published,
    };
  });
}

describe('the published packages', () => {
  it('are the command and what it needs of ours, of one version, pinned to one another', () => {
    const manifests = unpacked().map(({ manifest }) => manifest);
    const version = manifests[0]?.version as string;
    const names = manifests.map(({ name }) => name).sort();
    assert.ok(names.includes('peakstone') && names.includes('@peakstone/kernel'));
    assert.equal(
      names.some(name => /testing|workspace/.test(name)),
      false,
    );
    for (const manifest of manifests) {
      assert.equal(manifest.version, version);
      for (const [name, range] of Object.entries(manifest.dependencies)) {
        assert.match(range, /^\d/, `${manifest.name} does not pin ${name}`);
        if (name.startsWith('@peakstone/')) assert.equal(names.includes(name) && range, version);
      }
    }
  });

  it('hold built files, types, README and licence, and nothing else', () => {
    for (const { files, manifest } of unpacked()) {
      const strange = files.filter(
        file =>
          !/^(?:package\.json|LICENSE|README\.md|licenses\/[\w-]+)$/.test(file) &&
          !/^dist\/.*(?:\.js|\.mjs|\.d\.ts|\.d\.mts)$/.test(file) &&
          // The console's pages, compressed as well.
          !/^dist\/web\/(?:index\.html|assets\/[\w-]+\.(?:js|css|svg)(?:\.br|\.gz)?)$/.test(file) &&
          !/^bin\/\w+\.mjs$/.test(file) &&
          !/^examples\/[a-z]+\/\w+\.(?:sql|json|md)$/.test(file),
      );
      assert.deepEqual(strange, [], manifest.name);
      assert.deepEqual(
        files.filter(file => /\.test\.|(?:^|\/)(?:test|bench)\/|\.env|\.map$/.test(file)),
        [],
      );
      for (const wanted of ['LICENSE', 'README.md'])
        assert.ok(files.includes(wanted), `${manifest.name}: ${wanted}`);
    }
  });

  it('hold their code in few files, which bring none of another package', () => {
    for (const { root, files, manifest } of unpacked()) {
      const built = files.filter(file => /^dist\/.*\.m?js$/.test(file));
      assert.ok(built.length <= MAX_FILES, `${manifest.name}: ${built.length} files`);
      for (const file of built)
        for (const [, source] of readFileSync(path.join(root, file), 'utf8').matchAll(/^\/\/ (\S+\.m?ts)$/gm))
          assert.match(source as string, /^src\//, `${manifest.name}: ${file}`);
    }
  });

  it('say where something failed: functions keep their names, and each part that of its source', async () => {
    const kernel = unpacked().find(({ manifest }) => manifest.name === '@peakstone/kernel');
    const { parseConninfo } = await import(path.join(kernel?.root ?? '', 'dist/pg/index.js'));
    const { stack } = caught(() => parseConninfo('host'));
    const [, file, line] = /at parseConninfo \(file:\/\/(.+?):(\d+):\d+\)/.exec(stack ?? '') ?? [];
    assert.ok(file, stack);
    const above = readFileSync(file, 'utf8').split('\n').slice(0, Number(line));
    assert.equal(
      above.findLast(each => each.startsWith('// src/')),
      '// src/pg/wire/conninfo.ts',
    );
  });

  it('lead to files that are there: exports, commands, imports, and files named by URL', () => {
    for (const { root, files, manifest } of unpacked()) {
      const targets = Object.values(manifest.exports).flatMap(({ types, default: file }) => [types, file]);
      for (const target of [...targets, ...Object.values(manifest.bin ?? {})])
        assert.ok(existsSync(path.join(root, target)), `${manifest.name}: ${target}`);
      for (const file of files.filter(each => /^(?:dist|bin)\/.*\.m?js$/.test(each))) {
        // Not what generators write into users' files.
        const text = readFileSync(path.join(root, file), 'utf8').replaceAll(/`(?:\\.|[^`\\])*`/gs, '``');
        const named = [...text.matchAll(NAMES)];
        for (const match of named) {
          const specifier = match.slice(1).find(Boolean) as string;
          if (isBuiltin(specifier)) continue;
          if (specifier.startsWith('.')) {
            const target = path.join(root, path.dirname(file), specifier);
            // Examples lie at one of two places; pg-delta names a folder that it does not bring either.
            assert.ok(
              existsSync(target) || /examples$|^\.\/baselines\/$/.test(specifier),
              `${manifest.name}: ${file} names ${specifier}`,
            );
          } else {
            const [scope, name] = specifier.split('/') as [string, string];
            const owner = scope.startsWith('@') ? `${scope}/${name}` : scope;
            const known = { ...manifest.dependencies, ...manifest.peerDependencies };
            assert.ok(owner in known, `${manifest.name}: ${file} imports ${specifier}`);
          }
        }
      }
    }
  });
});

function caught(act: () => unknown): Error {
  try {
    act();
  } catch (error) {
    return error as Error;
  }
  assert.fail('nothing was thrown');
}

/** What npm says when there is no registry, not when it lacks something. */
const OFFLINE = /ENOTFOUND|ECONNREFUSED|ECONNRESET|EAI_AGAIN|ETIMEDOUT|ENETUNREACH|ENOTCACHED/;
const QUICKLY = ['--no-audit', '--no-fund', '--prefer-offline', '--fetch-retries=1', '--fetch-timeout=60000'];

function npm(cwd: string, node: string, args: readonly string[]): { status: number | null; output: string } {
  const [command, ...prefix] = npmCommand(node);
  const { npm_execpath: _, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync(command, [...prefix, ...args, ...QUICKLY], {
    cwd,
    env: { ...env, PATH: `${path.dirname(node)}${path.delimiter}${env.PATH}` },
    encoding: 'utf8',
  });
  return { status, output: stdout + stderr };
}

/** A Node of this major version: this one, the machine's, or one of npm's. A text says why there is none. */
function findNode(major: number): { readonly node: string } | { readonly reason: string } {
  const there = [
    process.execPath,
    ...(process.env.PATH ?? '').split(path.delimiter).map(dir => path.join(dir, 'node')),
  ];
  const node = there.find(
    file =>
      existsSync(file) &&
      spawnSync(file, ['-p', 'process.versions.node']).stdout.toString().startsWith(`${major}.`),
  );
  if (node !== undefined) return { node };
  const name = `node-${process.platform}-${process.arch}`;
  const home = path.join(folder, `node-${major}`);
  mkdirSync(home);
  const { status, output } = npm(home, process.execPath, [
    'install',
    '--no-save',
    '--prefix',
    home,
    `${name}@${major}`,
  ]);
  if (status !== 0) return { reason: `npm brings no Node ${major} here: ${output.trim().split('\n')[0]}` };
  return { node: path.join(home, 'node_modules', name, 'bin', 'node') };
}

function sizeOf(root: string): number {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .map(file => lstatSync(path.join(root, file)))
    .reduce((sum, stats) => sum + stats.blocks * 512, 0);
}

describe('installed into an empty folder', () => {
  for (const major of [20, 22, 24]) {
    it(`with Node ${major}: init makes a project, and up starts it`, t => {
      const found = findNode(major);
      if ('reason' in found) return t.skip(found.reason);
      const project = path.join(folder, `project-${major}`);
      mkdirSync(project);
      const { status, output } = npm(project, found.node, ['install', ...tarballs]);
      if (status !== 0 && OFFLINE.test(output))
        return t.skip('no registry to bring PostgreSQL and Node from');
      assert.equal(status, 0, output);
      assert.ok(sizeOf(path.join(project, 'node_modules')) <= MAX_INSTALLED_BYTES);
      const peakstone = (...args: readonly string[]) => {
        const command = path.join(project, 'node_modules', 'peakstone', 'bin', 'peakstone.mjs');
        const run = spawnSync(found.node, [command, ...args], {
          cwd: project,
          env: environment(),
          // A stack in the background keeps no pipe of ours open.
          encoding: 'utf8',
        });
        assert.equal(run.status, 0, `peakstone ${args.join(' ')}: ${run.stdout}${run.stderr}`);
        return run.stdout;
      };
      try {
        const { version } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as Published;
        assert.ok(peakstone('version').startsWith(`peakstone ${version}\n`));
        peakstone('init');
        const { addresses } = JSON.parse(peakstone('up', '--detach', '--json')) as {
          addresses: readonly { service: string }[];
        };
        assert.ok(addresses.some(({ service }) => service === 'rest'));
        assert.match(peakstone('gen', 'types'), /notes/);
      } finally {
        peakstone('down');
        rmSync(project, { recursive: true });
      }
    });
  }
});

/** The machine's own settings of databases and stacks must not reach a test. */
function environment(): NodeJS.ProcessEnv {
  const own = /^(?:PG|POSTGRES_|DATABASE_|DB_|GATEWAY_|JWT_|PEAKSTONE_DATA|PEAKSTONE_CALLED|npm_)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !own.test(name)));
}
