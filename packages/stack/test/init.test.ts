import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { type InitOptions, initProject, type Origin } from '../src/init/index.ts';
import { parseToml } from '../src/init/toml.ts';
import { loadStackConfig } from '../src/loadConfig.ts';
import { locateMigrations } from '../src/project/migrations.ts';
import { renderFiles } from '../src/render/index.ts';

const root = mkdtempSync(path.join(tmpdir(), 'peakstone-init-'));
after(() => rmSync(root, { recursive: true }));
let count = 0;

/** A folder with these files. */
function project(files: Readonly<Record<string, string>> = {}): string {
  const folder = path.join(root, `project-${++count}`);
  mkdirSync(folder);
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    writeFileSync(path.join(folder, file), text);
  }
  return folder;
}

const init = (folder: string, options: Partial<InitOptions> = {}) =>
  initProject({ folder, asCalled: text => text.replaceAll('peakstone up', 'npx peakstone up'), ...options });
const read = (folder: string, file: string) => readFileSync(path.join(folder, file), 'utf8');

describe('a new project', () => {
  it('has a configuration that loads, a first migration, rows, and a README that names commands as they were called', async () => {
    const folder = path.join(root, 'new', 'shop');
    const { made, kept, next } = init(folder);
    assert.deepEqual(
      [...made],
      [
        'peakstone.config.ts',
        'migrations/0001_notes.sql',
        'migrations/atlas.sum',
        'seed.sql',
        '.gitignore',
        'README.md',
      ],
    );
    assert.deepEqual(kept, []);
    assert.deepEqual(next, ['peakstone up --detach', 'peakstone sql -f seed.sql']);
    assert.deepEqual(await loadStackConfig(folder), { schemas: ['public'] });
    assert.match(read(folder, 'README.md'), /^# shop\n[\s\S]*\nnpx peakstone up --detach\n/);
    assert.deepEqual(read(folder, '.gitignore').trim().split('\n'), ['node_modules/', '.env', '.peakstone/']);
  });

  it('is read without a warning of Node’s, where package.json names no type as well', () => {
    const files = {
      'package.json': '{"name":"shop"}',
      'names.ts': "export const schemas: string[] = ['shop'];\n",
      'peakstone.config.ts': `import { defineConfig } from '@peakstone/stack';
import { schemas } from './names.ts';
export default defineConfig({ schemas });
`,
    };
    const loader = new URL('../src/loadConfig.ts', import.meta.url).href;
    const read = `import { loadStackConfig } from ${JSON.stringify(loader)};
console.log(JSON.stringify(await loadStackConfig(process.cwd())));`;
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', read], {
      cwd: project(files),
      encoding: 'utf8',
    });
    assert.deepEqual([JSON.parse(stdout), stderr], [{ schemas: ['shop'] }, '']);
  });

  it('writes over nothing, and keeps secrets and data out of git all the same', () => {
    const folder = project({
      'README.md': 'mine',
      '.gitignore': '/dist\n.env',
      'migrations/1_own.sql': 'select 1;',
    });
    const { made, kept } = init(folder);
    assert.deepEqual([...kept], ['migrations/', 'README.md']);
    assert.equal(made.includes('.gitignore'), true);
    assert.equal(read(folder, 'README.md'), 'mine');
    assert.equal(read(folder, '.gitignore'), '/dist\n.env\nnode_modules/\n.peakstone/\n');
    assert.equal(existsSync(path.join(folder, 'migrations', '0001_notes.sql')), false);
    assert.deepEqual(init(folder).made, []);
  });

  it('brings an example along if asked for', () => {
    const folder = path.join(root, 'with-example');
    const { next } = init(folder, { example: 'lighthouses' });
    assert.deepEqual(next, ['peakstone up --detach --example lighthouses']);
    assert.equal(existsSync(path.join(folder, 'examples', 'lighthouses', 'example.json')), true);
    assert.throws(() => init(path.join(root, 'none'), { example: 'absent' }), {
      code: 'example',
      hint: /lighthouses/,
    });
    assert.equal(existsSync(path.join(root, 'none')), false);
  });
});

describe('which of several folders of migrations is meant', () => {
  const located = async (files: Record<string, string>) => {
    const folder = project(files);
    return path.relative(folder, (await locateMigrations({ project: folder, cwd: folder })).path);
  };

  it('is seen from what lies in them: an empty one hides none', async () => {
    assert.equal(
      await located({ 'migrations/.gitkeep': '', 'supabase/migrations/1_a.sql': '' }),
      'supabase/migrations',
    );
    assert.equal(
      await located({ 'migrations/.gitkeep': '', 'atlas/migrations/1_a.sql': '' }),
      'atlas/migrations',
    );
    assert.equal(await located({ 'migrations/.gitkeep': '', 'supabase/migrations/.keep': '' }), 'migrations');
    assert.equal(await located({}), 'migrations');
  });

  it('is not guessed where several have some', async () => {
    await assert.rejects(located({ 'migrations/1_a.sql': '', 'supabase/migrations/1_a.sql': '' }), {
      message:
        'This project has migrations in migrations and in supabase/migrations, and nothing says which are meant.',
      hint: /--dir migrations/,
    });
  });

  it('stays as it is where a project begins beside one', () => {
    const folder = project({ 'docker-compose.yml': 'services: {}', 'atlas/migrations/1_a.sql': '' });
    assert.ok(init(folder, { from: 'compose' }).kept.includes('atlas/migrations/'));
    assert.ok(!existsSync(path.join(folder, 'migrations')));
  });
});

describe('a project that was another stack’s', () => {
  const refuses = (from: Origin) =>
    assert.throws(() => init(project(), { from }), { code: 'config', hint: new RegExp(`--from ${from}`) });

  it('of Supabase keeps its schemas, limits and migrations, and says what is not served', async () => {
    refuses('supabase');
    const folder = project({
      'supabase/config.toml': `project_id = "shop"
[api]
enabled = true
schemas = ["public", # the default
  "shop", "graphql_public"]
extra_search_path = ["public", "extensions"]
max_rows = 1_000
[auth]
enabled = true
[storage]
enabled = false
`,
      'supabase/migrations/20240101000000_init.sql': `-- create extension http;
create extension if not exists "uuid-ossp" with schema extensions;
create extension vector; create extension if not exists postgres_fdw;
create table t (id int); alter table t owner to "postgres";`,
      'supabase/seed.sql': '',
      'supabase/functions/hello/index.ts': '',
    });
    const { notes, next } = init(folder, { from: 'supabase' });
    assert.match(notes.join('\n'), /has not: vector \(supabase\/migrations\/20240101000000_init\.sql:3\)\./);
    assert.match(notes.join('\n'), /say: \S+init\.sql:3, \S+init\.sql:4\. .*--superuser/);
    // The folder is what makes the database take such a project's SQL.
    assert.deepEqual(await loadStackConfig(folder), { supabase: 'full', schemas: ['public', 'shop'] });
    assert.match(
      renderFiles(await loadStackConfig(folder)).get('docker-compose.yml') ?? '',
      /DATABASE_SUPABASE: \$\{DATABASE_SUPABASE:-full\}/,
    );
    assert.match(
      read(folder, '.env'),
      /^PGRST_DB_MAX_ROWS=1000\nPGRST_DB_EXTRA_SEARCH_PATH=public,extensions$/m,
    );
    assert.equal(statSync(path.join(folder, '.env')).mode & 0o777, 0o600);
    assert.match(notes.join('\n'), /`peakstone up` applies the migrations in supabase\/migrations \(1\)/);
    // An empty folder of ours would hide them.
    assert.ok(!existsSync(path.join(folder, 'migrations')));
    assert.match(read(folder, 'README.md'), /\| `supabase\/migrations\/` \|/);
    assert.match(notes.join('\n'), /seed\.sql[\s\S]*sign-in \(GoTrue\)/);
    assert.doesNotMatch(notes.join('\n'), /object storage/);
    assert.match(notes.join('\n'), /graphql_public[\s\S]*supabase\/functions/);
    assert.deepEqual(next, ['peakstone up --detach']);
    assert.match(init(folder, { from: 'supabase' }).notes.join('\n'), /Add to \.env: PGRST_DB_MAX_ROWS=1000/);
  });

  it('of Hasura keeps the schemas of its tables, and says whose permissions are still to be written', async () => {
    refuses('hasura');
    const tables = 'metadata/databases/default/tables';
    const folder = project({
      'config.yaml': 'version: 3\n',
      [`${tables}/tables.yaml`]: '- "!include public_films.yaml"\n',
      [`${tables}/public_films.yaml`]:
        'table: { name: films, schema: public }\nselect_permissions:\n  - role: guest\n    permission: { columns: "*", filter: {} }\n',
      [`${tables}/shop_orders.yaml`]:
        'table:\n  name: orders\n  schema: shop\ninsert_permissions:\n  - role: clerk\n',
      'migrations/default/1690000000000_init/up.sql': 'create table films ();',
      'seeds/default/films.sql': 'insert into films default values;',
      'migrations/default/1690000000000_init/down.sql': 'drop table films;',
    });
    const { notes } = init(folder, { from: 'hasura' });
    assert.deepEqual(await loadStackConfig(folder), { schemas: ['public', 'shop'] });
    assert.match(notes.join('\n'), /`peakstone up` applies the migrations \(1\)/);
    assert.match(notes.join('\n'), /Load the rows \(1\): `for f in seeds\/\*\/\*\.sql;/);
    assert.match(notes.join('\n'), /Permissions of clerk, guest on 2 tables/);
  });

  it('of the twelve images keeps its variables, and serves the schemas it served', async () => {
    refuses('compose');
    const folder = project({
      'docker-compose.yml': `services:\n  db: {}\n  rest:\n    environment:\n      PGRST_DB_SCHEMAS: \${SCHEMAS:-public,common}\n`,
      '.env': 'POSTGRES_SUPERPASS=kept\nJWT_SECRET=x\nPGCAT_CONFIG_PATH=/x\n',
    });
    const { kept, notes } = init(folder, { from: 'compose' });
    assert.deepEqual(await loadStackConfig(folder), { schemas: ['public', 'common'] });
    assert.equal(read(folder, '.env'), 'POSTGRES_SUPERPASS=kept\nJWT_SECRET=x\nPGCAT_CONFIG_PATH=/x\n');
    assert.match(notes.join('\n'), /\.env is kept, 3 variables[\s\S]*remove/);
    assert.deepEqual(kept, []);
    const listed = project({
      'compose.yaml': 'services:\n  rest:\n    environment:\n      - PGRST_DB_SCHEMA=$SCHEMAS\n',
      '.env': 'SCHEMAS=shop\n',
    });
    init(listed, { from: 'compose' });
    assert.deepEqual(await loadStackConfig(listed), { schemas: ['shop'] });
  });

  it('of the twelve images takes over what the file told PostgREST, and names what it does not take', () => {
    const files = {
      'compose.yml': `services:
  db: { image: 'postgres:17', environment: { POSTGRES_DB: shop } }
  rest:
    image: postgrest/postgrest:v13
    environment:
      PGRST_DB_URI: postgres://x
      PGRST_DB_PRE_REQUEST: auth.guard
      PGRST_DB_MAX_ROWS: 50
      PGRST_DB_ANON_ROLE: guest
      PGRST_JWT_SECRET: not-for-git
  mailer: { image: 'acme/mailer:1' }
`,
    };
    const folder = project(files);
    const { notes } = init(folder, { from: 'compose' });
    const wanted = ['PGRST_DB_MAX_ROWS=50', 'PGRST_DB_PRE_REQUEST=auth.guard', 'POSTGRES_DB=shop'];
    const env = read(folder, '.env').trim().split('\n').slice(1);
    assert.deepEqual(env, [...wanted, 'JWT_SECRET=not-for-git']);
    assert.match(notes.join('\n'), /Visitors were guest[\s\S]*the service mailer \(acme\/mailer:1\)/);
    assert.doesNotMatch(notes.join('\n'), /service (?:db|rest)/);
    const kept = project({ ...files, '.env': 'TZ=UTC\n' });
    init(kept, { from: 'compose' });
    for (const line of wanted) assert.ok(read(kept, 'README.md').includes(`- Add to .env: ${line}\n`));
    assert.match(read(kept, 'README.md'), /Add to \.env: JWT_SECRET, with its value in compose\.yml/);
    assert.doesNotMatch(read(kept, 'README.md'), /not-for-git/);
  });

  it('of the twelve images knows the original’s services, whatever variable names their images', () => {
    const composed = `services:
  postgres: { image: '\${POSTGRES_IMAGE}' }
  db-bootstrap: { image: 'postgres:17' }
  pgcat: { image: '\${PGCAT_IMAGE:-ghcr.io/postgresml/pgcat:latest}' }
  minio: { image: '\${MINIO_IMAGE:-minio/minio:\${MINIO_TAG:-latest}}' }
  minio-init: { image: '\${MINIO_MC_IMAGE:-minio/mc:latest}' }
  pgadmin: { build: ./pgadmin }
  mailer: { image: '\${MAILER_IMAGE:-acme/mailer:\${TAG:-1}}' }
  worker: { image: '\${WORKER_IMAGE}' }
`;
    const notTaken = (env: Record<string, string>) =>
      init(project({ 'docker-compose.yml': composed, ...env }), { from: 'compose' }).notes.filter(note =>
        note.startsWith('Not taken over'),
      );
    const mailer = (tag: string) =>
      `Not taken over: the service mailer (acme/mailer:${tag}). Run it from a Compose file of its own.`;
    const worker = `Not taken over: the service worker (\${WORKER_IMAGE}). Run it from a Compose file of its own.`;
    assert.deepEqual(notTaken({}), [mailer('1'), worker]);
    const image = 'POSTGRES_IMAGE=ghcr.io/willosagiede-dev/peakstone-postgres:17.6-exts\nTAG=2\n';
    assert.deepEqual(notTaken({ '.env': image }), [mailer('2'), worker]);
  });

  it('names the part of the deployment’s document that there is', () => {
    const { notes } = init(project({ 'compose.yml': 'services: {}' }), { from: 'compose' });
    const [, part = 'none'] = /docs\/deployment\.md, "(.+?)"/.exec(notes.join('\n')) ?? [];
    const document = read(path.join(import.meta.dirname, '../../../docs'), 'deployment.md');
    assert.ok(document.includes(`\n## ${part}\n`), part);
  });

  it('says which file cannot be read', () => {
    const folder = project({ 'compose.yml': 'services: [' });
    assert.throws(() => init(folder, { from: 'compose' }), {
      code: 'config',
      message: /compose\.yml is not YAML/,
    });
  });
});

describe('TOML as Supabase writes it', () => {
  it('is read by table, comments and lists over several lines included', () => {
    const toml = parseToml(`top = 'a # b'
[a.b] # here
text = "x \\"y\\" # z"
list = [
  "one", # two
  "three",
]
number = -1.5
date = 1979-05-27
`);
    assert.deepEqual(Object.fromEntries(toml.get('') ?? []), { top: 'a # b' });
    assert.deepEqual(Object.fromEntries(toml.get('a.b') ?? []), {
      text: 'x "y" # z',
      list: ['one', 'three'],
      number: -1.5,
    });
  });
});
