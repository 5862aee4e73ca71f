/**
 * Puts the code of a package into few files: most of a program's start is finding and reading its modules. Names stay as they
 * are written, and each part of a file is headed by that of its source, so that stack traces can be read.
 */
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { type InputOptions, type Plugin, rolldown } from 'rolldown';
import { requireBuiltins } from './builtins.ts';
import { builtFile, INLINED, type Manifest, sourcesOf } from './manifest.ts';

/** Modules that another process loads, by their place beside the one that says so. */
const BESIDE = /\bmoduleBeside\(import\.meta\.url, '(\.[^']+)'\)/g;
const BY_URL = /\bnew URL\('(\.[^']+)', import\.meta\.url\)/g;
const OWN_URL = /\bimport\.meta\.url\b/g;
/** What stands for a place below `dist` until it is known which file it is named in. */
const PLACE = /\bPLACE_BELOW_DIST\("([^"]*)"\)/g;

/**
 * Bundles `source/src` into `target/dist`. Other packages stay imports, but for those that are inlined.
 * @param source a package's folder
 * @throws with the bundler's reasons, warnings among them
 */
export async function bundlePackage(source: string, manifest: Manifest, target: string): Promise<void> {
  const options: InputOptions = {
    input: inputsOf(source, manifest),
    cwd: source,
    platform: 'node',
    external: id =>
      !id.startsWith('.') &&
      !path.isAbsolute(id) &&
      !INLINED.some(name => id === name || id.startsWith(`${name}/`)),
    plugins: [placesOf(path.join(source, 'src'))],
    onLog(_level, log) {
      // Who needs a module at once has it in its file; another's late import of it does no harm.
      if (log.code === 'INEFFECTIVE_DYNAMIC_IMPORT') return;
      throw new Error(`${manifest.name}: ${log.message}`);
    },
  };
  const bundle = await rolldown(options);
  try {
    await bundle.write({
      dir: path.join(target, 'dist'),
      format: 'esm',
      entryFileNames: ({ facadeModuleId }) => `[name]${path.extname(builtFile(facadeModuleId ?? ''))}`,
      chunkFileNames: 'parts/[name].js',
      comments: { jsdoc: false },
    });
  } finally {
    await bundle.close();
  }
}

/** What is loaded by its own name: exports, the first files' imports, and what another process loads. */
function inputsOf(source: string, manifest: Manifest): Record<string, string> {
  const first = globSync('bin/*.mjs', { cwd: source }).flatMap(file =>
    named(path.join(source, file), /\bimport\('(\.\.\/src\/[^']+)'\)/g),
  );
  const beside = globSync('src/**/*.ts', { cwd: source }).flatMap(file =>
    named(path.join(source, file), BESIDE).map(module => `${module}.ts`),
  );
  const exported = sourcesOf(manifest).map(file => path.join(source, file));
  return Object.fromEntries(
    [...exported, ...first, ...beside].map(file => [
      path.relative(path.join(source, 'src'), file).replace(/\.m?ts$|\.mjs$/, ''),
      file,
    ]),
  );
}

function named(file: string, pattern: RegExp): string[] {
  return [...readFileSync(file, 'utf8').matchAll(pattern)].map(([, name]) =>
    path.resolve(path.dirname(file), name as string),
  );
}

/** A module's own URL, and files beside it, stay what they were when it had a file to itself. */
function placesOf(src: string): Plugin {
  return {
    name: 'places',
    transform(code, id) {
      const folder = path.relative(src, path.dirname(id));
      // What is inlined keeps its own.
      if (!code.includes('import.meta.url') || folder.startsWith('..')) return null;
      const place = (name: string): string => `PLACE_BELOW_DIST("${path.posix.join(folder, name)}")`;
      return code
        .replaceAll(BESIDE, (_, name: string) => `${place(`${name}.js`)}.href`)
        .replaceAll(BY_URL, (_, name: string) => place(builtFile(name)))
        .replaceAll(OWN_URL, `${place('./')}.href`);
    },
    renderChunk(code, { fileName }) {
      const from = path.posix.dirname(fileName);
      // The plain JavaScript files run on Node 20 as well, the first of which have no other way than to import.
      const asked = fileName.endsWith('.mjs') ? code : requireBuiltins(code);
      return asked.replaceAll(
        PLACE,
        (_, name: string) => `new URL("${relativePlace(from, name)}", import.meta.url)`,
      );
    },
  };
}

/** `./` before what is no path yet, `/` behind a folder. */
function relativePlace(from: string, to: string): string {
  const way = path.posix.relative(from, to);
  const end = to.endsWith('/') && way !== '' ? '/' : '';
  return `${way.startsWith('.') ? '' : './'}${way}${end}`;
}
