/** The two images by themselves. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { Suite } from './context.ts';
import { until } from './engine.ts';

const hardening = [
  '--read-only',
  '--tmpfs',
  '/tmp',
  '--tmpfs',
  '/var/run/postgresql',
  '--cap-drop',
  'ALL',
  ...['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'SETGID', 'SETUID'].flatMap(name => ['--cap-add', name]),
  '--security-opt',
  'no-new-privileges',
];
const flags = [
  'shared_preload_libraries=pg_stat_statements,pgaudit,pg_cron,auto_explain',
  'pgaudit.log=ddl',
  'cron.database_name=app',
  'wal_level=logical',
].flatMap(flag => ['-c', flag]);

export function describeImages(suite: () => Suite): void {
  const names: string[] = [];
  /** Starts a server and waits for its health check's own command. */
  const startServer = async (name: string, args: readonly string[], command: readonly string[] = []) => {
    const { engine, images } = suite();
    names.push(name);
    await engine.docker(['rm', '--force', '--volumes', name]);
    await engine.run(['run', '--detach', '--name', name, ...args, images.postgres, ...command]);
    const ready = await until(
      async () => (await engine.docker(['exec', name, 'healthcheck.sh'])).code === 0,
      180_000,
    );
    if (!ready)
      assert.fail(`${name} did not come up: ${(await engine.docker(['logs', '--tail', '20', name])).stderr}`);
  };
  const psql = (name: string, sql: string, user = 'postgres', database = 'app') =>
    suite().engine.run([
      'exec',
      name,
      'psql',
      '-XAtq',
      '-v',
      'ON_ERROR_STOP=1',
      '-U',
      user,
      '-d',
      database,
      '-c',
      sql,
    ]);
  after(async () => {
    if (names.length > 0) await suite().engine.docker(['rm', '--force', '--volumes', ...names]);
  });

  describe('the images', () => {
    it('are small, labelled, list what is in them, and run without root', async context => {
      const { engine, images } = suite();
      for (const [image, limitMb, sbom] of [
        [images.postgres, 260, '/usr/share/sbom/peakstone-postgres.spdx.json'],
        [images.peakstone, 330, '/usr/share/sbom/peakstone.spdx.json'],
      ] as const) {
        const [size = '', version, user] = (
          await engine.run([
            'image',
            'inspect',
            '--format',
            '{{.Size}}|{{index .Config.Labels "org.opencontainers.image.version"}}|{{.Config.User}}',
            image,
          ])
        ).split('|');
        context.diagnostic(`${image}: ${(Number(size) / 1e6).toFixed(0)} MB`);
        assert.ok(Number(size) < limitMb * 1e6, `${image} has ${size} bytes`);
        assert.equal(version, '1.0.0');
        assert.ok(image === images.postgres || user === '10001:10001');
        const { packages } = JSON.parse(
          await engine.run(['run', '--rm', '--entrypoint', 'cat', image, sbom]),
        ) as { packages: { name: string; versionInfo: string }[] };
        const wanted =
          image === images.postgres
            ? ['postgresql-17', 'postgresql-17-cron', 'libssl3t64']
            : ['node', '@peakstone/rest', 'yaml'];
        for (const name of wanted)
          assert.ok(packages.find(entry => entry.name === name)?.versionInfo, `${name} is not in ${sbom}`);
      }
    });
  });

  describe('the peakstone image', () => {
    it('runs the whole stack in one container, and stops it cleanly', { timeout: 600_000 }, async context => {
      const { engine, images } = suite();
      const name = 'peakstone-test-up';
      names.push(name);
      const hardened = [
        '--read-only',
        '--tmpfs',
        '/tmp',
        '--cap-drop',
        'ALL',
        '--security-opt',
        'no-new-privileges',
      ];
      await engine.run([
        'run',
        '--detach',
        '--name',
        name,
        ...hardened,
        '--volume',
        '/data',
        images.peakstone,
      ]);
      const startedAt = performance.now();
      const healthy = await until(
        async () => (await engine.docker(['exec', name, 'peakstone', 'health'])).code === 0,
        240_000,
      );
      if (!healthy) assert.fail((await engine.docker(['logs', '--tail', '20', name])).stderr);
      context.diagnostic(`healthy after ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
      assert.equal(
        await engine.run(['exec', name, 'peakstone', 'sql', 'select 40 + 2 as answer', '--json']),
        '[{"answer":42}]',
      );
      await engine.run(['stop', '--time', '60', name]);
      assert.equal(await engine.run(['inspect', '--format', '{{.State.ExitCode}}', name]), '0');
    });

    it('says in one line what a service lacks', async () => {
      const { engine, images } = suite();
      const { code, stderr } = await engine.docker(['run', '--rm', images.peakstone, 'db-bootstrap']);
      assert.equal(code, 1);
      assert.match(stderr, /^error: PEAKSTONE_DATABASE_URL /m);
    });
  });

  describe('the PostgreSQL image', () => {
    it('has the extensions of the original, and they work', { timeout: 600_000 }, async () => {
      const name = 'peakstone-test-extensions';
      await startServer(
        name,
        [...hardening, '-e', 'POSTGRES_PASSWORD=secret', '-e', 'POSTGRES_DB=app'],
        ['postgres', ...flags],
      );
      for (const extension of [
        'pg_stat_statements',
        'pgaudit',
        'pg_cron',
        'pgcrypto',
        'pg_trgm',
        'btree_gin',
        'btree_gist',
        'citext',
        'unaccent',
        'hypopg',
        'pg_repack',
        'vector',
      ]) {
        await psql(name, `create extension ${extension}`);
      }
      await psql(
        name,
        `create table items(id bigint generated always as identity primary key, name text, at timestamptz default now());
        insert into items(name) select md5(n::text) from generate_series(1, 20000) n; analyze items;
        create table beats(at timestamptz default now())`,
      );

      await psql(name, "select cron.schedule('beat', '1 seconds', 'insert into beats default values')");
      assert.ok(
        await until(async () => Number(await psql(name, 'select count(*) from beats')) >= 2, 120_000),
        'no cron job ran',
      );
      assert.equal(
        await psql(name, 'select status from cron.job_run_details order by runid limit 1'),
        'succeeded',
      );

      const { stdout, stderr } = await suite().engine.docker(['logs', name]);
      assert.match(stdout + stderr, /AUDIT: SESSION,\d+,\d+,DDL,CREATE TABLE,/);

      const plan = await psql(
        name,
        "select hypopg_create_index('create index on items(name)'); explain select * from items where name = 'x'",
      );
      assert.match(plan, /Index Scan using "<\d+>btree_items_name"/);

      await psql(name, 'delete from items where id % 2 = 0');
      const before = Number(await psql(name, "select pg_relation_size('items')"));
      await suite().engine.run([
        'exec',
        name,
        'pg_repack',
        '-U',
        'postgres',
        '-d',
        'app',
        '--table',
        'items',
      ]);
      const after = Number(await psql(name, "select pg_relation_size('items')"));
      assert.ok(after < before * 0.7, `pg_repack: ${before} to ${after} bytes`);
      assert.equal(await psql(name, "select '[1,2,3]'::vector <-> '[1,2,4]'::vector"), '1');
    });

    it('starts as users of the official image expect: secrets from files, init scripts, a database and a user of their own', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'peakstone-init-'));
      try {
        mkdirSync(join(folder, 'init'));
        writeFileSync(join(folder, 'password'), 'from a file\n');
        writeFileSync(join(folder, 'init/1.sql'), 'create table made_by_sql(id int);');
        writeFileSync(join(folder, 'init/2.sh'), 'docker_process_sql -c "create table made_by_sh(id int)"\n');
        const name = 'peakstone-test-init';
        await startServer(name, [
          '-e',
          'POSTGRES_PASSWORD_FILE=/run/secret/password',
          '-e',
          'POSTGRES_USER=owner',
          '-e',
          'POSTGRES_DB=app',
          '-e',
          'POSTGRES_INITDB_ARGS=--data-checksums --locale=C',
          '-v',
          `${folder}:/run/secret:ro`,
          '-v',
          `${join(folder, 'init')}:/docker-entrypoint-initdb.d:ro`,
        ]);
        assert.equal(
          await psql(name, "select count(*) from pg_tables where tablename like 'made_by_%'", 'owner'),
          '2',
        );
        assert.equal(
          await psql(
            name,
            "select current_setting('data_checksums') || ' ' || datcollate from pg_database where datname = 'app'",
            'owner',
          ),
          'on C',
        );
        // Not from inside: there, as in the official image, the loopback address is trusted.
        const host = await suite().engine.run([
          'inspect',
          '--format',
          '{{.NetworkSettings.IPAddress}}',
          name,
        ]);
        const signIn = (password: string) =>
          suite().engine.docker([
            'exec',
            '-e',
            `PGPASSWORD=${password}`,
            name,
            'psql',
            '-h',
            host,
            '-U',
            'owner',
            '-d',
            'app',
            '-Atc',
            'select 1',
          ]);
        assert.equal((await signIn('from a file')).stdout.trim(), '1');
        assert.match((await signIn('other')).stderr, /password authentication failed/);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    });

    it('opens a data folder that the official image’s steps have made, and leaves it as it is', async () => {
      const { engine, images } = suite();
      const volume = 'peakstone-test-official';
      await engine.run(['volume', 'create', volume]);
      try {
        // What postgres:17 does on first start: initdb in en_US.UTF-8 as user 999, and a line for hosts.
        const steps = `install -d -o 999 -g 999 -m 700 /data && cat > /tmp/password && setpriv --reuid=999 --regid=999 --clear-groups sh -c 'initdb -D /data -U postgres --pwfile=/tmp/password && echo "host all all all scram-sha-256" >> /data/pg_hba.conf'`;
        await engine.run(
          [
            'run',
            '--rm',
            '--interactive',
            '-v',
            `${volume}:/data`,
            '--entrypoint',
            'sh',
            images.postgres,
            '-c',
            steps,
          ],
          { input: 'old password\n' },
        );
        const name = 'peakstone-test-official';
        await startServer(name, [
          '-v',
          `${volume}:/var/lib/postgresql/data`,
          '-e',
          'POSTGRES_PASSWORD=ignored',
        ]);
        const host = await engine.run(['inspect', '--format', '{{.NetworkSettings.IPAddress}}', name]);
        const sql = 'select datcollate from pg_database where datname = current_database()';
        const answer = await engine.docker([
          'exec',
          '-e',
          'PGPASSWORD=old password',
          name,
          'psql',
          '-h',
          host,
          '-U',
          'postgres',
          '-Atc',
          sql,
        ]);
        assert.match(answer.stdout.trim(), /^en_US\.utf-?8$/i);
        await engine.docker(['rm', '--force', name]);
      } finally {
        await engine.docker(['volume', 'rm', '--force', volume]);
      }
    });

    it('runs as any user, in a folder below the mount', async () => {
      const name = 'peakstone-test-user';
      await startServer(name, [
        '--user',
        '1234:1234',
        '-e',
        'POSTGRES_PASSWORD=secret',
        '-e',
        'POSTGRES_DB=app',
        '-e',
        'PGDATA=/var/lib/postgresql/data/pgdata',
      ]);
      assert.equal(await psql(name, 'select 1'), '1');
      assert.equal(
        await suite().engine.run([
          'exec',
          name,
          'stat',
          '-c',
          '%u',
          '/var/lib/postgresql/data/pgdata/PG_VERSION',
        ]),
        '1234',
      );
    });

    it('stops by itself when it is told to, cleanly', async () => {
      const { engine } = suite();
      const name = 'peakstone-test-user';
      await engine.run(['stop', '--time', '60', name]);
      // 137 were it killed after that minute.
      assert.equal(await engine.run(['inspect', '--format', '{{.State.ExitCode}}', name]), '0');
      assert.match(
        (await engine.docker(['logs', '--tail', '3', name])).stderr,
        /database system is shut down/,
      );
    });

    it('says in one line what is wrong: no password, another major version, a folder with other files', async () => {
      const { engine, images } = suite();
      const start = async (before: string, env: readonly string[] = []) =>
        (
          await engine.docker([
            'run',
            '--rm',
            ...env.flatMap(each => ['-e', each]),
            '--entrypoint',
            'bash',
            images.postgres,
            '-c',
            `mkdir -p /d; ${before}; chown -R 999:999 /d; PGDATA=/d exec docker-entrypoint.sh postgres`,
          ])
        ).stderr.trim();
      assert.match(
        await start(':'),
        /^peakstone-postgres: the data folder is empty and POSTGRES_PASSWORD is not set; set it \(or POSTGRES_PASSWORD_FILE\)$/,
      );
      assert.match(
        await start('echo 16 > /d/PG_VERSION'),
        /is PostgreSQL 16's and this image is 17; dump it/,
      );
      assert.match(await start('touch /d/x', ['POSTGRES_PASSWORD=x']), /holds files but no PG_VERSION/);
      assert.match(
        await start(':', ['POSTGRES_PASSWORD=x', 'POSTGRES_PASSWORD_FILE=/x']),
        /are both set; keep one/,
      );
    });
  });
}
