import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { runMetadata } from '../../src/folder/command.ts';
import { readFolder } from '../../src/folder/read.ts';
import { type GraphqlServer, startGraphql } from '../support/server.ts';

const folder: Readonly<Record<string, string>> = {
  'version.yaml': 'version: 3\n',
  'actions.graphql': `type Mutation {
  publish(
    id: String!
  ): Published
}

type Query {
  state: String
}

input Filter {
  name: [String!]
}

type Published {
  count: Int!
}

scalar Moment

enum State {
  open
}

`,
  'actions.yaml': `actions:
  - name: publish
    definition:
      kind: synchronous
      handler: '{{API_URL}}/publish'
      timeout: 180
    permissions:
      - role: user
  - name: state
    definition:
      kind: ""
      handler: http://localhost/state
custom_types:
  enums:
    - name: State
      values:
        - value: open
  input_objects:
    - name: Filter
  objects:
    - name: Published
  scalars:
    - name: Moment
`,
  'allow_list.yaml': '[]\n',
  'api_limits.yaml': '{}\n',
  'backend_configs.yaml': '{}\n',
  'cron_triggers.yaml': '[]\n',
  'graphql_schema_introspection.yaml': 'disabled_for_roles: []\n',
  'inherited_roles.yaml': '- role_name: all\n  role_set:\n    - editor\n    - user\n',
  'metrics_config.yaml': '{}\n',
  'network.yaml': '{}\n',
  'opentelemetry.yaml': '{}\n',
  'query_collections.yaml': `- name: allowed
  definition:
    queries:
      - name: authors
        query: |
          query authors {
            author {
              name
            }
          }
`,
  'remote_schemas.yaml': '[]\n',
  'rest_endpoints.yaml': '[]\n',
  'databases/databases.yaml': `- name: default
  kind: postgres
  configuration:
    connection_info:
      database_url:
        from_env: HASURA_GRAPHQL_DATABASE_URL
      isolation_level: read-committed
  tables: "!include default/tables/tables.yaml"
`,
  'databases/default/tables/tables.yaml':
    '- "!include public_article.yaml"\n- "!include public_author.yaml"\n',
  'databases/default/tables/public_article.yaml': `table:
  name: article
  schema: public
object_relationships:
  - name: author
    using:
      foreign_key_constraint_on: author_id
`,
  'databases/default/tables/public_author.yaml': `table:
  name: author
  schema: public
select_permissions:
  - role: user
    permission:
      columns:
        - id
        - name
      filter:
        id:
          _eq: X-Hasura-User-Id
`,
};

function write(root: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

function read(root: string): Record<string, string> {
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter(file => file.isFile());
  return Object.fromEntries(
    files.map(file => {
      const path = join(file.parentPath, file.name);
      return [path.slice(root.length + 1), readFileSync(path, 'utf8')];
    }),
  );
}

describe('peakstone graphql metadata', () => {
  let server: GraphqlServer;
  let root: string;
  const env: Record<string, string> = { HASURA_GRAPHQL_ADMIN_SECRET: 'a-secret' };

  before(async () => {
    server = await startGraphql(
      {
        sql: `create table author (id int primary key, name text);
              create table article (id int primary key, author_id int references author)`,
      },
      { HASURA_GRAPHQL_ADMIN_SECRET: 'a-secret' },
      { listens: true },
    );
    env.HASURA_GRAPHQL_ENDPOINT = `http://127.0.0.1:${server.service.port}`;
  });
  after(() => server.stop());
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'metadata-'));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const run = async (...argv: string[]): Promise<{ code: number; out: string; err: string }> => {
    const told = { out: '', err: '' };
    const code = await runMetadata(argv, env, {
      out: text => {
        told.out += text;
      },
      err: text => {
        told.err += text;
      },
    });
    return { code, ...told };
  };

  it('applies a folder of Hasura’s CLI and writes the same files back, byte by byte', async () => {
    const [given, written] = [join(root, 'given'), join(root, 'written')];
    write(given, folder);
    assert.equal((await run('apply', given)).code, 0);
    assert.equal((await run('diff', given)).code, 0);
    assert.equal((await run('export', written)).code, 0);
    assert.deepEqual(read(written), folder);
    const answer = await server.graphql('{ author { name } }', {
      role: 'user',
      headers: { 'x-hasura-admin-secret': 'a-secret', 'x-hasura-user-id': '1' },
    });
    assert.deepEqual(answer, { data: { author: [] } });
  });

  it('says what apply would change, and leaves it to the exit code', async () => {
    write(root, folder);
    assert.equal((await run('apply', root)).code, 0);
    write(root, {
      'databases/default/tables/public_article.yaml':
        'table:\n  schema: public\n  name: article\nis_enum: true\n',
    });
    const { code, out } = await run('diff', root);
    assert.equal(code, 2);
    const table = 'sources.default.tables.public.article';
    assert.deepEqual(out.trim().split('\n'), [
      `- ${table}.object_relationships: [{"name":"author","using":{"foreign_key_constraint_on":"author_id"}}]`,
      `+ ${table}.is_enum: true`,
    ]);
  });

  it('changes nothing when a part cannot be served, and names it; with --allow-inconsistent it lists it', async () => {
    write(root, folder);
    assert.equal((await run('apply', root)).code, 0);
    write(root, {
      'databases/default/tables/tables.yaml': '- table:\n    schema: public\n    name: gone\n',
    });
    const refused = await run('apply', root);
    assert.equal(refused.code, 1);
    assert.match(
      refused.err,
      /table gone in source default: Inconsistent object: no such table\/view exists/,
    );
    assert.equal((await run('diff', root)).code, 2);
    const allowed = await run('apply', root, '--allow-inconsistent');
    assert.equal(allowed.code, 0);
    assert.match(allowed.err, /no such table\/view exists/);
    assert.equal((await run('diff', root)).code, 0);
  });

  it('says in a line what is wrong with a folder, a command or a server', async () => {
    const bad = async (files: Readonly<Record<string, string>>, said: RegExp): Promise<void> => {
      rmSync(root, { recursive: true });
      write(root, { ...folder, ...files });
      const { code, err } = await run('apply', root);
      assert.equal(code, 1);
      assert.match(err, said);
    };
    await bad({ 'version.yaml': 'version: 2\n' }, /must say "version: 3", not 2/);
    await bad({ 'databases/databases.yaml': 'a: [' }, /databases\/databases.yaml is not YAML/);
    await bad(
      { 'databases/databases.yaml': '"!include gone.yaml"' },
      /databases\/gone.yaml is included and cannot be read/,
    );
    await bad({ 'databases/databases.yaml': '"!include databases.yaml"' }, /includes itself/);
    await bad({ 'actions.graphql': 'type {' }, /actions.graphql cannot be read: Syntax Error/);
    await bad({ 'actions.graphql': '' }, /The action publish of actions.yaml is not in actions.graphql/);
    await bad(
      { 'databases/databases.yaml': '"!include ../../../../../etc/hostname"' },
      /lies outside of the metadata folder/,
    );
    write(root, folder);
    const other = await run('apply', root, '--endpoint', 'http://127.0.0.1:1');
    assert.match(other.err, /does not answer/);
    assert.equal((await run('appply')).code, 1);
    assert.match((await run('--help')).out, /Exit code/);
  });

  it('follows no link that leads out of the folder', async () => {
    write(root, folder);
    rmSync(join(root, 'network.yaml'));
    symlinkSync('/etc/hostname', join(root, 'network.yaml'));
    assert.match((await run('apply', root)).err, /network.yaml lies outside/);
    assert.match((await run('export', root)).err, /network.yaml is a link, and is not written to/);
  });

  it('reads includes as tags, too, and leaves out what is empty', () => {
    write(root, {
      ...folder,
      'databases/databases.yaml': folder['databases/databases.yaml']!.replace(/"(!include .*)"/, '$1'),
    });
    const metadata = readFolder(root);
    assert.equal(metadata.sources[0]!.tables.length, 2);
    assert.deepEqual(Object.keys(metadata).sort(), [
      'actions',
      'custom_types',
      'inherited_roles',
      'query_collections',
      'sources',
      'version',
    ]);
  });
});
