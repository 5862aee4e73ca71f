/** The package.json of a package as it is published, from the one in the sources. Pure. */

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly license: string;
  readonly private?: boolean;
  readonly exports?: string | Readonly<Record<string, string>>;
  readonly bin?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  /** Dependencies of which the published package holds what it needs: they make its pages, or are in them. */
  readonly builtIn?: readonly string[];
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

/**
 * Packages whose code goes into ours instead of being installed beside it: they bring sources and more that nobody runs. What
 * they need in turn is a dependency of ours.
 */
export const INLINED: readonly string[] = ['@supabase/pg-delta'];

/** The package that people type: the command, with the Node that runs it. */
const COMMAND = { source: '@peakstone/cli', published: 'peakstone' } as const;

/**
 * Built files instead of sources; every package of ours pinned to the version that is published with it.
 * @param root the workspace's own manifest: its version is everyone's, and it names the Node binaries
 * @param inlined the manifests of what it has inlined, whose dependencies are pinned and whose peers are optional
 */
export function publishedManifest(
  manifest: Manifest,
  root: Manifest,
  inlined: readonly Manifest[],
): Record<string, unknown> {
  const isCommand = manifest.name === COMMAND.source;
  const { optionalDependencies = {} } = manifest;
  const dependencies = Object.entries({
    ...Object.assign({}, ...inlined.map(each => each.dependencies ?? {})),
    ...manifest.dependencies,
  } as Record<string, string>).filter(
    ([name]) => !INLINED.includes(name) && !manifest.builtIn?.includes(name),
  );
  return {
    name: isCommand ? COMMAND.published : manifest.name,
    version: root.version,
    description: isCommand ? root.description : manifest.description,
    license: manifest.license,
    type: 'module',
    // The command runs on the Node 24 that it brings; the others are run by it.
    ...(isCommand && { engines: { node: '>=20' }, bin: manifest.bin }),
    exports: publishedExports(manifest),
    files: ['dist', 'bin', 'examples', 'licenses'],
    dependencies: Object.fromEntries(
      dependencies.map(([name, range]) => [name, name.startsWith('@peakstone/') ? root.version : range]),
    ),
    ...(inlined.length > 0 && {
      peerDependencies: Object.assign({}, ...inlined.map(each => each.peerDependencies ?? {})),
      peerDependenciesMeta: Object.assign({}, ...inlined.map(each => each.peerDependenciesMeta ?? {})),
    }),
    optionalDependencies: { ...optionalDependencies, ...(isCommand && root.optionalDependencies) },
  };
}

/** The files that a package exports, from its folder. */
export function sourcesOf(manifest: Manifest): readonly string[] {
  return Object.values(exportsOf(manifest));
}

function exportsOf({ exports = {} }: Manifest): Readonly<Record<string, string>> {
  return typeof exports === 'string' ? { '.': exports } : exports;
}

function publishedExports(manifest: Manifest): Record<string, { types: string; default: string }> {
  return Object.fromEntries(
    Object.entries(exportsOf(manifest)).map(([name, source]) => {
      const built = builtFile(source);
      return [name, { types: built.replace(/\.(m?)js$/, '.d.$1ts'), default: built }];
    }),
  );
}

/** Where the build puts what is made of a source: `./src/pg/index.ts` -> `./dist/pg/index.js`. */
export function builtFile(source: string): string {
  return source.replace(/^(\.{0,2}\/)?src\//, '$1dist/').replace(/\.(m?)ts$/, '.$1js');
}
