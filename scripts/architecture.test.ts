/** The house's rules that a program can check: which package may use which, and how large a file may be. */
import assert from 'node:assert/strict';
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import path from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { PLATFORM_ROLES, PLATFORM_SCHEMAS, STACK_ROLES, STACK_SCHEMAS } from '@peakstone/kernel/inventory';

const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const SCOPE = '@peakstone/';
const MAX_LINES = 400;

interface Manifest {
  readonly private?: boolean;
  readonly name: string;
  readonly exports?: string | Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

interface Source {
  /** Relative to the repository, with forward slashes. */
  readonly file: string;
  readonly package: string;
  /** Under `test/` or `bench/`, or a `.test.ts` file. */
  readonly isTest: boolean;
  readonly text: string;
  readonly imports: readonly string[];
}

const manifests = new Map(
  readdirSync(path.join(ROOT, 'packages'))
    .filter(folder => existsSync(path.join(ROOT, 'packages', folder, 'package.json')))
    .map(folder => [folder, readJson<Manifest>(`packages/${folder}/package.json`)]),
);
const root = readJson<Manifest>('package.json');
const sources = globSync(['packages/*/{src,test,bench,bin}/**/*.{ts,tsx,mjs}', 'scripts/**/*.{ts,mjs}'], {
  cwd: ROOT,
})
  .map(file => file.replaceAll(path.sep, '/'))
  .filter(file => !file.includes('/node_modules/'))
  .sort()
  .map(readSource);

/** Packages that may be used by `name`; services know only the kernel, and nobody knows who uses them. */
function allowedFor(name: string): readonly string[] {
  const services = [...manifests.keys()].filter(
    other => !['kernel', 'stack', 'cli', 'testing'].includes(other),
  );
  switch (name) {
    case 'kernel':
      return [];
    case 'stack':
      return ['kernel', ...services];
    case 'cli':
      return ['kernel', 'stack'];
    case 'testing':
      return ['kernel', 'database'];
    default:
      return ['kernel'];
  }
}

describe('arrows between packages', () => {
  for (const [name, manifest] of manifests) {
    it(`${name} declares only packages below it`, () => {
      const declared = Object.keys(manifest.dependencies ?? {}).filter(key => key.startsWith(SCOPE));
      const wrong = declared
        .map(key => key.slice(SCOPE.length))
        .filter(key => !allowedFor(name).includes(key));
      assert.deepEqual(wrong, []);
    });
  }

  it('every import of another package is declared, and goes down', () => {
    const wrong = sources.flatMap(source => {
      if (source.package === '') return [];
      const manifest = manifests.get(source.package) as Manifest;
      const ours = source.imports.filter(specifier => specifier.startsWith(SCOPE));
      return ours
        .filter(specifier => {
          const target = packageOf(specifier).slice(SCOPE.length);
          if (target === source.package) return false;
          if (target === 'testing') return !source.isTest;
          return (
            !allowedFor(source.package).includes(target) ||
            !(packageOf(specifier) in (manifest.dependencies ?? {}))
          );
        })
        .map(specifier => `${source.file} imports ${specifier}`);
    });
    assert.deepEqual(wrong, []);
  });

  it('imports use what a package exports, never a path inside it', () => {
    const wrong = sources.flatMap(source =>
      source.imports
        .filter(specifier =>
          specifier.startsWith('.')
            ? leavesPackage(source, specifier)
            : specifier.startsWith(SCOPE) && !isExported(specifier),
        )
        .map(specifier => `${source.file} imports ${specifier}`),
    );
    assert.deepEqual(wrong, []);
  });

  it('every library that is imported is declared', () => {
    const wrong = sources.flatMap(source =>
      source.imports
        .filter(
          specifier => !specifier.startsWith('.') && !specifier.startsWith(SCOPE) && !isBuiltin(specifier),
        )
        .filter(specifier => !declaredFor(source).includes(packageOf(specifier)))
        .map(specifier => `${source.file} imports ${specifier}`),
    );
    assert.deepEqual(wrong, []);
  });
});

describe('arrows between files', () => {
  it('never lead back to where they began, types and late imports included', () => {
    assert.deepEqual(findCircles(importsBetweenFiles()), []);
  });

  it('are looked at for circles of any length', () => {
    const arrows = new Map([
      ['a', ['b']],
      ['b', ['c', 'd']],
      ['c', ['a']],
      ['d', ['d']],
      ['e', ['a', 'f']],
      ['f', []],
    ]);
    assert.deepEqual(findCircles(arrows), [['a', 'b', 'c'], ['d']]);
  });
});

describe('arrows inside a package', () => {
  for (const name of manifests.keys()) {
    it(`${name}'s parts import one another in one direction only`, () => {
      assert.deepEqual(findCircles(importsBetweenParts(name)), []);
    });
  }
});

/** The services graphql and storage are called like schemas; whom `peakstone sql --role` asks first has an order of its own. */
const OWN_LISTS = ['packages/cli/src/grammar/command.ts', 'packages/cli/src/sql/target.ts'];

/** Sessions in which other names than PostgreSQL's own are looked up, or others' views read: of requests, and of people's own statements. */
const OPEN_SESSIONS = [
  'packages/cli/src/sql/target.ts',
  'packages/console/src/areas/sql/run.ts',
  'packages/console/src/database/databases.ts',
  'packages/cron/src/scheduler.ts',
  'packages/graphql/src/service/sources.ts',
  'packages/migrate/src/diff/proof/run.ts',
  'packages/migrate/src/session/session.ts',
  'packages/rest/src/main.ts',
  'packages/rest/src/service/pool.ts',
  'packages/stack/src/operate/hasura/database.ts',
  'packages/stack/src/run/example.ts',
  'packages/storage/src/records/database.ts',
  'packages/testing/src/database.ts',
  'packages/testing/src/sql.ts',
  'packages/transfer/src/import/session.ts',
];

describe('privileged sessions', () => {
  it('are opened by createPrivilegedPool alone', () => {
    const opening = sources
      .filter(source => !source.isTest && !source.file.startsWith('packages/kernel/src/pg/'))
      .filter(source => /\b(?:createPool|connectClient)\b/.test(source.text))
      .map(source => source.file);
    assert.deepEqual(opening, OPEN_SESSIONS);
  });
});

/**
 * Calls of node:fs that open, make, change or remove something, where a database's folders are handled. Those are their user's, who
 * may put links there that root would follow: what is done inside goes through host/asUser.ts and server/serverFile.ts. The
 * rest is done in folders of this process's own user.
 */
const IN_OWN_FOLDERS = {
  'packages/database/src/host/asUser.ts': 'chmodSync lchownSync mkdirSync rmSync rmdirSync',
  'packages/database/src/host/user.ts': 'readFileSync',
  // Only what root alone could enter is handed over, and lchown follows no link.
  'packages/database/src/server/claim.ts': 'lchownSync rmdirSync',
  'packages/database/src/server/cluster.ts': 'renameSync',
  'packages/database/src/server/places.ts': 'mkdirSync symlinkSync',
  'packages/database/src/server/remove.ts': 'unlinkSync',
  'packages/database/src/server/serverFile.ts': 'openSync readFileSync readSync',
  'packages/database/src/server/template.ts': 'openSync readSync renameSync rmSync',
  'packages/database/src/server/tie.ts': 'linkSync readFileSync rmSync writeFileSync',
  'packages/database/src/throwaway/folder.ts': 'chmodSync mkdtempSync',
  'packages/stack/src/services/postgres/replacement.ts':
    'fsyncSync openSync readFileSync renameSync rmSync writeSync',
};

describe('folders of the server’s user', () => {
  it('are opened and changed where the user itself does it, or no link is followed', () => {
    const looks =
      /^(?:closeSync|constants|existsSync|f?l?statf?s?Sync|readdirSync|readlinkSync|realpathSync)$/;
    const places = /^packages\/(?:database\/src\/(?:server|host|throwaway)|stack\/src\/services\/postgres)\//;
    const found = sources
      .filter(source => !source.isTest && places.test(source.file))
      .map(source => {
        const imports = source.text.matchAll(/import \{([^}]*)\} from 'node:fs(?:\/promises)?'/g);
        const calls = [...imports].flatMap(([, names]) => names!.split(',').map(name => name.trim()));
        return [
          source.file,
          calls
            .filter(name => name && !looks.test(name))
            .sort()
            .join(' '),
        ] as const;
      })
      .filter(([, calls]) => calls !== '');
    assert.deepEqual(Object.fromEntries(found), IN_OWN_FOLDERS);
  });
});

describe('the stack’s own schemas and roles', () => {
  it('are listed in the kernel’s inventory alone', () => {
    const names = [...STACK_SCHEMAS, ...STACK_ROLES, ...PLATFORM_SCHEMAS, ...PLATFORM_ROLES]
      .map(({ name }) => name)
      .filter(name => name !== 'postgres'); // A service and a user of the system are called so, too.
    const name = `(?:${names.join('|')})`;
    const list = new RegExp(`(['"])${name}\\1,\\s*(['"])${name}\\2|\\b${name}\\|${name}\\b`);
    const listing = sources
      .filter(source => !source.isTest && source.package !== 'testing')
      .filter(source => !source.file.startsWith('packages/kernel/src/inventory/'))
      .filter(source => list.test(source.text))
      .map(source => source.file);
    assert.deepEqual(listing, OWN_LISTS);
  });
});

describe('files', () => {
  it(`have at most ${MAX_LINES} lines, or a header that says why they stay whole`, () => {
    const wrong = sources
      .filter(source => source.text.split('\n').length > MAX_LINES + 1)
      .filter(source => !/\b(whole|one file)\b/i.test(headerOf(source.text)))
      .map(source => `${source.file}: ${source.text.split('\n').length - 1} lines`);
    assert.deepEqual(wrong, []);
  });
});

function readSource(file: string): Source {
  const text = readFileSync(path.join(ROOT, file), 'utf8');
  const [top, name] = file.split('/');
  return {
    file,
    package: top === 'packages' ? (name as string) : '',
    isTest: /\.test\.tsx?$|^packages\/[^/]+\/(test|bench)\//.test(file) || top === 'scripts',
    text,
    imports: readImports(text),
  };
}

/** A part is a file right under `src/`, together with the folder of its name. */
function partOf(file: string): string {
  return (file.split('/')[3] as string).replace(/\.ts$/, '');
}

/** By file, the files of the repository that it imports, tests and benches included. */
function importsBetweenFiles(): ReadonlyMap<string, readonly string[]> {
  return new Map(
    sources.map(({ file, imports }) => [
      file,
      imports.map(specifier => fileOf(file, specifier)).filter(target => target !== undefined),
    ]),
  );
}

/** The file that a specifier names; undefined when it is not of this repository. */
function fileOf(from: string, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return path.posix.join(path.posix.dirname(from), specifier);
  if (!specifier.startsWith(SCOPE)) return undefined;
  const name = packageOf(specifier);
  const folder = name.slice(SCOPE.length);
  const exported = manifests.get(folder)?.exports;
  const target = typeof exported === 'string' ? exported : exported?.[`.${specifier.slice(name.length)}`];
  return target === undefined ? undefined : path.posix.join('packages', folder, target);
}

function importsBetweenParts(name: string): ReadonlyMap<string, ReadonlySet<string>> {
  const arrows = new Map<string, Set<string>>();
  for (const source of sources) {
    if (source.isTest || !source.file.startsWith(`packages/${name}/src/`)) continue;
    const from = partOf(source.file);
    for (const specifier of source.imports.filter(each => each.startsWith('.'))) {
      const to = partOf(path.posix.join(path.posix.dirname(source.file), specifier));
      if (to !== from) arrows.set(from, (arrows.get(from) ?? new Set()).add(to));
    }
  }
  return arrows;
}

/**
 * The groups of nodes that reach one another: the strongly connected components of two nodes or more, and nodes with an arrow
 * to themselves. Sorted.
 * @see https://doi.org/10.1137/0201010 Tarjan's algorithm
 */
function findCircles(arrows: ReadonlyMap<string, Iterable<string>>): string[][] {
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const open: string[] = [];
  const circles: string[][] = [];
  const visit = (node: string): void => {
    order.set(node, order.size);
    low.set(node, order.get(node)!);
    open.push(node);
    const targets = [...(arrows.get(node) ?? [])];
    for (const target of targets) {
      if (!order.has(target)) visit(target);
      // Of what is closed, nothing leads back here.
      if (open.includes(target)) low.set(node, Math.min(low.get(node)!, low.get(target)!));
    }
    if (low.get(node) !== order.get(node)) return;
    const group = open.splice(open.indexOf(node));
    if (group.length > 1 || targets.includes(node)) circles.push(group.sort());
  };
  for (const node of arrows.keys()) if (!order.has(node)) visit(node);
  return circles.sort();
}

/** Specifiers of static and dynamic imports, as they stand at the start of a statement or in a call. */
function readImports(text: string): string[] {
  const statement =
    /^\s*(?:import|export)\s[^'"`;]*?\bfrom\s*['"]([^'"$]+)['"]|^\s*import\s*['"]([^'"$]+)['"]/gm;
  const call = /\bimport\(\s*['"]([^'"]+)['"]\s*\)/g;
  const code = text
    .replaceAll(/\/\*[\s\S]*?\*\//g, '')
    .replaceAll(/^\s*\/\/.*$/gm, '')
    // Programs that are written as text, by generators and by tests.
    .replaceAll(/`(?:\\.|[^`\\])*`/gs, '``');
  return [...code.matchAll(statement), ...code.matchAll(call)].map(match => (match[1] ?? match[2]) as string);
}

function leavesPackage(source: Source, specifier: string): boolean {
  if (source.package === '') return false;
  const target = path.posix.join(path.posix.dirname(source.file), specifier);
  return !target.startsWith(`packages/${source.package}/`);
}

function isExported(specifier: string): boolean {
  const name = packageOf(specifier);
  const manifest = manifests.get(name.slice(SCOPE.length));
  if (manifest === undefined) return false;
  const subpath = specifier === name ? '.' : `.${specifier.slice(name.length)}`;
  return typeof manifest.exports === 'string' ? subpath === '.' : subpath in (manifest.exports ?? {});
}

function declaredFor(source: Source): string[] {
  const manifest = manifests.get(source.package);
  const own = manifest && [
    manifest.dependencies,
    manifest.optionalDependencies,
    manifest.peerDependencies,
    // Tests import it, and nothing else.
    manifest.private ? manifest.devDependencies : {},
  ];
  return [...(own ?? []), ...(source.isTest ? [root.devDependencies] : [])].flatMap(group =>
    Object.keys(group ?? {}),
  );
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function headerOf(text: string): string {
  return /^(?:#!.*\n)?\s*(\/\*[\s\S]*?\*\/|(?:\/\/.*\n)+)/.exec(text)?.[1] ?? '';
}

function readJson<T>(file: string): T {
  return JSON.parse(readFileSync(path.join(ROOT, file), 'utf8')) as T;
}
