/**
 * Moving in from the original twelve-image stack, as docs/deployment.md §10 has it: its `.env`, its data folder, what its scripts made
 * in the database. Its PostgreSQL is ours here under its settings; both are Debian's 17 with the same extensions.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Suite, signToken } from './context.ts';
import { execute, root, until } from './engine.ts';
import { type ComposeProject, openProject } from './project.ts';

const oldServer = 'peakstone-test-original';
const network = 'peakstone-test-proxy';
const superpass = 'q/Zk+7Yp1w/Mx9Lr2Tn5B+/Qw==';
const me = '8e6a2b5e-0000-4000-8000-000000000001';
const schemas = ['public', 'common', 'people', 'pipeline', 'activities', 'leads', 'docs'];

/** What the original's init scripts and its bootstrap job leave, told in our own words from its README. */
const madeByOriginal = `
  create extension pg_stat_statements; create extension pgaudit; create extension pg_cron; create extension pgcrypto;
  create extension pg_trgm; create extension citext; create extension hypopg;
  create schema auth;
  create function auth.uid() returns uuid language sql stable as
    $$ select (nullif(current_setting('request.jwt.claims', true), '')::json ->> 'sub')::uuid $$;
  create role web_anon; create role app_user; create role read_only; create role anon; create role authenticated;
  create role service_role;
  create role db_authenticator login password 'old-authenticator'; create role hasura login password 'old-hasura';
  create role db_migrator login password 'old-migrator';
  grant web_anon, app_user to db_authenticator;
  grant create, temporary on database postgres to db_migrator, hasura;
  create schema atlas_schema_revisions authorization db_migrator; create schema hdb_catalog authorization hasura;
  ${schemas
    .map(
      schema => `create schema if not exists ${schema}; alter schema ${schema} owner to db_migrator;
        revoke all on schema ${schema} from public; grant usage on schema ${schema} to web_anon, app_user, hasura, read_only;
        alter default privileges for role db_migrator in schema ${schema} grant select on tables to web_anon, read_only;
        alter default privileges for role db_migrator in schema ${schema} grant select, insert, update, delete on tables to app_user, hasura;
        alter default privileges for role db_migrator in schema ${schema} grant usage on sequences to app_user, hasura;`,
    )
    .join('\n')}
  -- Its bootstrap gives the migrator whatever relation it finds there, an extension's views among them.
  do $$ declare relation record; begin
    for relation in select oid::regclass as name, relkind from pg_class
      where relnamespace::regnamespace::text in (${schemas.map(schema => `'${schema}'`).join(', ')}) and relkind in ('r', 'p', 'v', 'm', 'S')
    loop
      execute format('alter %s %s owner to db_migrator', case relation.relkind when 'S' then 'sequence' when 'v' then 'view'
        when 'm' then 'materialized view' else 'table' end, relation.name);
    end loop;
  end $$;`;

/** What its users then made: as the migrator, and as the superuser, whom its README lets everybody be. */
const madeByUsers = `
  set role db_migrator;
  create table people.contacts(id int generated always as identity primary key, name citext);
  insert into people.contacts(name) select 'contact ' || n from generate_series(1, 1000) n;
  create table public.notes(id int primary key, owner uuid, body text);
  insert into public.notes values (1, '${me}', 'mine'), (2, gen_random_uuid(), 'theirs');
  alter table public.notes enable row level security;
  reset role;
  create policy own on public.notes using (owner = auth.uid());
  create table public.orders(id serial primary key, total numeric not null);
  insert into public.orders(total) select n from generate_series(1, 500) n;
  create function public.total() returns numeric language sql stable as 'select sum(total) from public.orders';
  create view public.totals as select count(*) as n from public.orders;
  create table hdb_catalog.hdb_metadata(id int); alter table hdb_catalog.hdb_metadata owner to hasura;
  select cron.schedule('tidy', '0 3 * * *', 'vacuum');`;

export function describeOriginal(suite: () => Suite): void {
  describe('moving in from the original stack', { timeout: 900_000 }, () => {
    let project: ComposeProject;
    let data: string;
    const docker = (...args: string[]) => suite().engine.run(args, { timeoutMs: 120_000 });
    const psql = (sql: string) =>
      suite().engine.run(
        ['exec', '-i', oldServer, 'psql', '-XAtqU', 'postgres', '-v', 'ON_ERROR_STOP=1', '-d', 'postgres'],
        { input: sql, timeoutMs: 120_000 },
      );

    before(async () => {
      await suite().engine.docker(['rm', '--force', oldServer]);
      await suite().engine.docker(['network', 'rm', network]);
      await docker('network', 'create', network);
      project = await openProject(
        suite(),
        'peakstone-moved',
        {
          // As its generator prints them, with the lines that §10 keeps.
          POSTGRES_SUPERPASS: superpass,
          DB_AUTHENTICATOR_PASSWORD: 'old-authenticator-of-the-test',
          MINIO_ROOT_PASS: 'a/b+c/d+e/f+g/h+i/j+k/l+m==',
          PGCAT_ADMIN_PASSWORD: 'n/o+p/q+r/s+t/u+v/w+x/y+z==',
          PROXY_NETWORK: network,
        },
        { sharedHosts: ['postgres'] },
      );
      data = join(project.folder, 'files/volumes/db');
      mkdirSync(data, { recursive: true });
      await docker(
        ...['run', '--detach', '--name', oldServer, '--volume', `${data}:/var/lib/postgresql/data`],
        ...['-e', 'PGDATA=/var/lib/postgresql/data/pgdata', '-e', `POSTGRES_PASSWORD=${superpass}`],
        suite().images.postgres,
        'postgres',
        ...[
          'wal_level=logical',
          'shared_preload_libraries=pg_stat_statements,pgaudit,pg_cron,auto_explain',
        ].flatMap(flag => ['-c', flag]),
      );
      const ready = () => suite().engine.docker(['exec', oldServer, 'healthcheck.sh']);
      assert.ok(
        await until(async () => (await ready()).code === 0, 180_000),
        'the original’s server did not start',
      );
      await psql(madeByOriginal);
      await psql(madeByUsers);
      await docker('stop', '--time', '60', oldServer);
      await docker('rm', oldServer);
      project.set({ PG_DATA_HOST_DIR: data });
      await project.deploy();
    });
    after(async () => {
      await project?.close();
      await suite().engine.docker(['rm', '--force', oldServer]);
      await suite().engine.docker(['network', 'rm', network]);
    });

    const ask = async (path: string, claims?: Readonly<Record<string, unknown>>) => {
      const headers = claims
        ? { authorization: `Bearer ${signToken(project.values.JWT_SECRET!, claims)}` }
        : undefined;
      const response = await fetch(`${project.gateway}/rest/v1${path}`, headers ? { headers } : {});
      return (await response.json()) as { readonly id: number }[];
    };

    it('opens the folder with all data, and serves it by the same roles and policies', async () => {
      await project.answers('/rest/v1/notes', 200);
      assert.equal(await project.sql('select count(*) from people.contacts'), '1000');
      assert.deepEqual(
        (await ask('/notes', { role: 'app_user', sub: me })).map(row => row.id),
        [1],
      );
      assert.deepEqual(await ask('/notes'), []);
      assert.equal(await project.sql("select count(*) from cron.job where jobname = 'tidy'"), '1');
      assert.equal(await project.sql("select to_regclass('hdb_catalog.hdb_metadata') is not null"), 't');
    });

    const runBlock = async (mark: string) => {
      const document = readFileSync(join(root, 'docs/deployment.md'), 'utf8');
      const script = new RegExp(`<!-- tested: ${mark} -->\\n+\`\`\`sh\\n([\\s\\S]*?)\`\`\``).exec(
        document,
      )?.[1];
      assert.ok(script, `docs/deployment.md has no commands marked ${mark}`);
      const { code, stderr } = await execute('bash', ['-euo', 'pipefail', '-c', script], {
        env: { ...suite().engine.env, COMPOSE_PROJECT_NAME: project.name },
        cwd: project.folder,
        timeoutMs: 300_000,
      });
      assert.equal(code, 0, `${mark}: ${stderr}`);
    };

    it('moves extensions out of public; those whose views the original gave away once they are made anew', async () => {
      const places = () =>
        project.sql(
          "select string_agg(extname || ' ' || extnamespace::regnamespace, ', ' order by extname) from pg_extension where extname in ('citext', 'hypopg', 'pg_stat_statements', 'pg_trgm')",
        );
      assert.equal(
        await places(),
        'citext extensions, hypopg public, pg_stat_statements public, pg_trgm extensions',
      );
      await runBlock('extensions anew');
      assert.equal(
        await places(),
        'citext extensions, hypopg extensions, pg_stat_statements extensions, pg_trgm extensions',
      );
      await project.answers('/rest/v1/notes', 200);
    });

    it('reads tables that the superuser made, and hands them to the migrator by the command of the document', async () => {
      await runBlock('owners');
      const owners =
        "select string_agg(distinct relowner::regrole::text, ',') from pg_class where relname in ('orders', 'orders_id_seq', 'totals', 'notes')";
      assert.equal(await project.sql(owners), 'db_migrator');
      // As the document says: it could run as the superuser where one of the superuser's triggers calls it.
      assert.equal(
        await project.sql("select proowner::regrole from pg_proc where proname = 'total'"),
        'postgres',
      );
      await project.sql(
        'set role db_migrator; alter table public.orders add column at timestamptz default now()',
      );
      assert.equal((await ask('/orders?limit=5', { role: 'app_user' })).length, 5);
    });

    it('leaves the folder to PostgreSQL’s user, so that the original’s image opens it again', async () => {
      const owner = (path: string) =>
        execFileSync('stat', ['-c', '%u %a', path], { encoding: 'utf8' }).trim();
      assert.equal(owner(join(data, 'pgdata')), '999 700');
      assert.equal(owner(join(data, 'pgdata/PG_VERSION')).split(' ')[0], '999');
    });

    it('answers other apps on the proxy’s network by the name they know', async () => {
      const { stdout, stderr } = await suite().engine.docker([
        ...['run', '--rm', '--network', network, '-e', `PGPASSWORD=${superpass}`, suite().images.postgres],
        ...['psql', '-XAtq', '-h', 'postgres', '-U', 'postgres', '-c', 'select count(*) from public.orders'],
      ]);
      assert.equal(stdout.trim(), '500', stderr);
    });

    it('refuses a mount that is a data folder itself, where the original’s users set PGDATA to its root', async () => {
      // A server that runs there is told first.
      await project.compose('stop', 'postgres');
      const { code, stdout, stderr } = await suite().engine.docker([
        ...['run', '--rm', '--volume', `${join(data, 'pgdata')}:/var/lib/postgresql/data`],
        ...[
          '-e',
          'PGDATA=/var/lib/postgresql/data/pgdata',
          '-e',
          'POSTGRES_PASSWORD=x',
          suite().images.postgres,
        ],
      ]);
      assert.notEqual(code, 0);
      assert.match(
        stdout + stderr,
        /is a data folder itself \(PostgreSQL 17's\), and PGDATA names an empty folder/,
      );
    });
  });
}
