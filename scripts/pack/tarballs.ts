import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { bundlePackage } from './bundle.ts';
import { builtFile, INLINED, type Manifest, publishedManifest } from './manifest.ts';
import { npmCommand } from './npm.ts';
import { pruneTypes } from './types.ts';

/** What browsers run: it is built, and nothing imports its types. */
const PAGES = ['console/src/web', 'console/src/ui', 'console/src/areas/client.ts', 'console/src/areas/*/web'];

/** Files of the repository that a package brings along. */
const EXTRAS: Readonly<Record<string, readonly string[]>> = { stack: ['examples'] };

/**
 * Builds the packages and packs each, in `folder`, whose former tarballs go.
 * @returns the tarballs' paths
 * @throws with the compiler's, the bundler's or npm's output
 */
export async function makeTarballs(root: string, folder: string): Promise<readonly string[]> {
  const build = path.join(folder, 'build');
  rmSync(build, { recursive: true, force: true });
  for (const old of globSync('*.tgz', { cwd: folder })) rmSync(path.join(folder, old));
  mkdirSync(build, { recursive: true });
  const workspace = readManifest(root);
  const names = readdirSync(path.join(root, 'packages')).filter(name => isPublished(root, name));
  writeTypes(root, names, build);
  const made: string[] = [];
  for (const name of names) {
    const source = path.join(root, 'packages', name);
    const target = path.join(build, 'packages', name);
    layOut(root, name, path.join(build, 'types', name), target);
    const manifest = readManifest(source);
    pruneTypes(target, manifest);
    await bundlePackage(source, manifest, target);
    if (existsSync(path.join(source, 'vite.config.ts'))) buildPages(root, source, target);
    const inlined = INLINED.filter(each => each in (manifest.dependencies ?? {})).map(each =>
      path.join(root, 'node_modules', each),
    );
    for (const folder of inlined) {
      const licence = path.join(target, 'licenses', path.basename(folder));
      cpSync(path.join(folder, 'LICENSE'), licence);
    }
    const published = publishedManifest(
      manifest,
      workspace,
      inlined.map(folder => pinned(readManifest(folder), root)),
    );
    writeFileSync(path.join(target, 'package.json'), `${JSON.stringify(published, null, 2)}\n`);
    made.push(pack(target, folder));
  }
  rmSync(build, { recursive: true });
  return made;
}

function isPublished(root: string, name: string): boolean {
  const folder = path.join(root, 'packages', name);
  return existsSync(path.join(folder, 'package.json')) && readManifest(folder).private !== true;
}

/** All packages in one run, as each sees the others' sources. */
function writeTypes(root: string, names: readonly string[], build: string): void {
  const config = {
    extends: path.join(root, 'tsconfig.json'),
    compilerOptions: {
      noEmit: false,
      declaration: true,
      emitDeclarationOnly: true,
      rootDir: path.join(root, 'packages'),
      outDir: path.join(build, 'types'),
      typeRoots: [path.join(root, 'node_modules', '@types')],
    },
    include: names.map(name => path.join(root, 'packages', name, 'src')),
    exclude: ['*/src/**/*.test.ts', ...PAGES].map(each => path.join(root, 'packages', each)),
  };
  const file = path.join(build, 'tsconfig.json');
  writeFileSync(file, JSON.stringify(config));
  run(process.execPath, [path.join(root, 'node_modules', '.bin', 'tsc'), '-p', file], root);
}

function layOut(root: string, name: string, types: string, target: string): void {
  const source = path.join(root, 'packages', name);
  cpSync(path.join(types, 'src'), path.join(target, 'dist'), { recursive: true });
  cpSync(path.join(root, 'LICENSE'), path.join(target, 'LICENSE'));
  cpSync(path.join(source, 'README.md'), path.join(target, 'README.md'));
  for (const extra of EXTRAS[name] ?? [])
    cpSync(path.join(root, extra), path.join(target, extra), { recursive: true });
  if (existsSync(path.join(source, 'bin')))
    cpSync(path.join(source, 'bin'), path.join(target, 'bin'), { recursive: true });
  for (const file of globSync('bin/*.mjs', { cwd: target })) {
    const text = readFileSync(path.join(target, file), 'utf8');
    writeFileSync(path.join(target, file), pointToBuilt(text));
  }
}

/** The first files, which are published as they are, import a source. */
function pointToBuilt(text: string): string {
  return text.replaceAll(
    /(\bimport\(['"])(\.[^'"]+)(['"]\))/g,
    (_, before, file, after) => before + builtFile(file) + after,
  );
}

/** What browsers load, as the package's own settings make it. */
function buildPages(root: string, source: string, target: string): void {
  const vite = path.join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  const out = path.join(target, 'dist', 'web');
  run(process.execPath, [vite, 'build', '--outDir', out, '--emptyOutDir', '--logLevel', 'error'], source);
}

function pack(source: string, folder: string): string {
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
  const [npm, ...prefix] = npmCommand(process.execPath);
  const [{ filename }] = JSON.parse(run(npm, [...prefix, ...args], source)) as [{ filename: string }];
  return path.join(folder, filename);
}

/** @throws with what the program said */
function run(command: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  if (status === 0) return stdout;
  throw new Error(
    `${path.basename(command)} ${args[0]} ended with ${status}: ${error?.message ?? ''}${stdout}${stderr}`,
  );
}

/** With the versions of its dependencies that are installed here, and tested. */
function pinned(manifest: Manifest, root: string): Manifest {
  const names = Object.keys(manifest.dependencies ?? {});
  const dependencies = Object.fromEntries(
    names.map(name => [name, readManifest(path.join(root, 'node_modules', name)).version]),
  );
  return { ...manifest, dependencies };
}

function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as Manifest;
}
