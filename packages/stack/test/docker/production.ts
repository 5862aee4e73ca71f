/** What happens to a deployed stack: secrets change, the database goes, configuration changes, its data are saved and brought back. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { DeployError } from '../../src/deploy/index.ts';
import type { Suite } from './context.ts';
import { execute, root, until } from './engine.ts';
import { type ComposeProject, openProject, standIn } from './project.ts';

/** As the original stack's generator makes some of its secrets. */
const base64 = (seed: string) => `${seed}/Zk+7Yp1w/Mx9Lr2Tn5B+/Q==`;

export function describeProduction(suite: () => Suite): void {
  describe('a stack in production', { timeout: 1_500_000 }, () => {
    let project: ComposeProject;
    before(async () => {
      project = await openProject(suite(), 'peakstone-production', {
        POSTGRES_DB: '',
        POSTGRES_SUPERPASS: base64('a'),
        DB_AUTHENTICATOR_PASSWORD: base64('b'),
      });
      await project.deploy();
      await project.sql(
        "create table public.notes(id int primary key); insert into notes values (1); grant select on notes to web_anon; notify pgrst, 'reload schema'",
      );
      await project.answers('/rest/v1/notes', 200);
    });
    after(() => project?.close());

    const container = async (service: string) => await project.compose('ps', '--quiet', service);
    const inspect = async (service: string, format: string) =>
      await suite().engine.run(['inspect', '--format', format, await container(service)]);
    /** Waits for so many more health checks of a service, and resolves with the state after them. */
    const checked = async (service: string, times: number) => {
      const seen = new Set<string>();
      const state = () =>
        inspect(service, '{{.State.Health.Status}}{{range .State.Health.Log}} {{.Start.UnixNano}}{{end}}');
      const [, ...earlier] = (await state()).split(' ');
      let status = '';
      assert.ok(
        await until(async () => {
          const [now = '', ...starts] = (await state()).split(' ');
          for (const start of starts) if (!earlier.includes(start)) seen.add(start);
          status = now;
          return seen.size >= times;
        }, 240_000),
        `${service} was not checked ${times} times`,
      );
      return status;
    };

    it('takes a change of every database password in one deployment', async () => {
      project.set({
        POSTGRES_SUPERPASS: base64('c'),
        DB_AUTHENTICATOR_PASSWORD: base64('d'),
        HASURA_DB_PASSWORD: base64('e'),
        DB_MIGRATOR_PASSWORD: base64('f'),
      });
      await project.deploy();
      await project.answers('/rest/v1/notes', 200);
      // From another container, which the server asks for the password.
      const login = (password: string) =>
        suite().engine.docker([
          'run',
          '--rm',
          '--network',
          `${project.name}_default`,
          '-e',
          `PGPASSWORD=${password}`,
          suite().images.postgres,
          'psql',
          '-XAtq',
          '-h',
          'shop-postgres',
          '-U',
          'postgres',
          '-c',
          'select 1',
        ]);
      assert.equal((await login(base64('c'))).stdout.trim(), '1');
      assert.match((await login(base64('a'))).stderr, /password authentication failed/);
    });

    it('refuses, before anything stops, a password that the server could not be given', async () => {
      const server = (script: string) => project.compose('exec', '-T', 'postgres', 'sh', '-c', script);
      const reload =
        'PGPASSWORD="$POSTGRES_PASSWORD" psql -XAtqU postgres -d postgres -c "select pg_reload_conf()"';
      const localRule = (from: string, to: string) =>
        server(`sed -i "s/^\\(local .*\\)${from}/\\1${to}/" "$PGDATA/pg_hba.conf" && ${reload}`);
      const before = await project.compose('ps', '--quiet');
      await localRule('trust', 'scram-sha-256');
      try {
        project.set({ POSTGRES_SUPERPASS: base64('z') });
        await assert.rejects(project.deploy(), (error: DeployError) =>
          /neither over the network nor by its socket\. Nothing was stopped\.$/.test(error.message),
        );
        assert.equal(await project.compose('ps', '--quiet'), before);
        assert.equal((await project.get('/rest/v1/notes')).status, 200);
      } finally {
        project.set({ POSTGRES_SUPERPASS: base64('c') });
        await localRule('scram-sha-256', 'trust');
      }
      await project.deploy();
    });

    it('checks the database’s health without a line in its log', async () => {
      const lines = async () => {
        const { stdout, stderr } = await suite().engine.docker(['logs', await container('postgres')]);
        return (stdout + stderr)
          .split('\n')
          .filter(line => /client=(?:127\.0\.0\.1|\[local\]|::1)/.test(line)).length;
      };
      const before = await lines();
      assert.equal(await checked('postgres', 3), 'healthy');
      assert.equal(await lines(), before);
    });

    it('logs no value of a parameter', async () => {
      await project.sql(
        "load 'auto_explain'; set auto_explain.log_min_duration = 0; set log_min_duration_statement = 0; set log_statement = 'all'; prepare p(text) as select $1; execute p('x')",
      );
      for (const name of [
        'log_parameter_max_length',
        'log_parameter_max_length_on_error',
        'auto_explain.log_parameter_max_length',
      ])
        assert.equal(await project.sql(`show ${name}`), '0', name);
    });

    it('bounds memory, processors and processes, and sizes the server by them', async () => {
      assert.equal(
        await inspect(
          'postgres',
          '{{.HostConfig.Memory}} {{.HostConfig.CpuQuota}} {{.HostConfig.PidsLimit}}',
        ),
        `${1024 * 1024 * 1024} 200000 200`,
      );
      assert.equal(await project.sql('show shared_buffers'), '256MB');
      await project.deploy({ limits: { postgres: { memoryMb: 512, cpus: 1 } } });
      assert.equal(await project.sql('show shared_buffers'), '128MB');
      assert.equal(await project.sql('show max_connections'), '50');
      assert.match(await inspect('rest', '{{json .Config.Env}}'), /PGRST_DB_POOL=7/);
      const started = await inspect('postgres', '{{.State.StartedAt}}');
      await assert.rejects(
        project.sql("select length(string_agg(repeat('x', 1000), '')) from generate_series(1, 1000000)"),
      );
      // The query's process was killed; the server ended every session, and recovered by itself.
      await project.answers('/rest/v1/notes', 200);
      assert.equal(await inspect('postgres', '{{.State.StartedAt}}'), started);
      await project.deploy();
      await project.answers('/rest/v1/notes', 200);
    });

    it('gives each container its settings of .env: schemas to the bootstrap and to REST, REST’s own, the gateway’s own', async () => {
      const names = ['DATABASE_SCHEMAS', 'PGRST_DB_MAX_ROWS', 'GATEWAY_MAX_BODY'];
      const post = (body: string) => fetch(`${project.gateway}/rest/v1/notes`, { method: 'POST', body });
      project.set({ DATABASE_SCHEMAS: 'public,shop', PGRST_DB_MAX_ROWS: '2', GATEWAY_MAX_BODY: '1kB' });
      try {
        await project.deploy();
        await project.sql(
          "set role db_migrator; create table shop.items as select n as id from generate_series(1, 5) n; notify pgrst, 'reload schema'",
        );
        let items: unknown;
        const served = await until(async () => {
          const answer = await fetch(`${project.gateway}/rest/v1/items`, {
            headers: { 'accept-profile': 'shop' },
          });
          items = await answer.json();
          return answer.status === 200;
        }, 180_000);
        assert.ok(served, JSON.stringify(items));
        assert.equal((items as readonly object[]).length, 2);
        assert.equal((await post('x'.repeat(2000))).status, 413);
      } finally {
        project.set(Object.fromEntries(names.map(name => [name, ''])));
        await project.deploy();
      }
      await project.answers('/rest/v1/notes', 200);
      assert.notEqual((await post('x'.repeat(2000))).status, 413);
    });

    it('stays on the proxy while the database is down, and answers 503 itself', async () => {
      await project.compose('stop', 'postgres');
      await project.answers('/rest/v1/notes', 503);
      // As often as would make it unhealthy.
      assert.equal(await checked('rest', 22), 'healthy');
      assert.equal((await project.get('/rest/v1/notes')).status, 503);
      await project.compose('start', 'postgres');
      await project.answers('/rest/v1/notes', 200);
    });

    it('hands a changed configuration to a running container, whether the file or what it interpolates changed', async () => {
      // A health check goes as soon as it is connected.
      const listener = 'require("net").createServer(s => s.on("error", () => {}).end()).listen(6432)';
      const image = await standIn(suite(), 'peakstone-test-pooler:1', {
        pgcat: `exec node -e '${listener}'`,
      });
      try {
        project.set({ PGCAT_IMAGE: image });
        const services = { pooler: 'upstream' } as const;
        const served = () => project.compose('exec', '-T', 'pooler', 'cat', '/etc/pgcat.toml');
        await project.deploy({ services });
        assert.match(await served(), /^pool_size = 20$/m);
        await project.deploy({ services, limits: { postgres: { memoryMb: 512 } } });
        assert.match(await served(), /^pool_size = 10$/m);
        project.set({ PGCAT_ADMIN_PASSWORD: base64('g') });
        await project.deploy({ services, limits: { postgres: { memoryMb: 512 } } });
        assert.ok((await served()).includes(`admin_password = '''${base64('g')}'''`));
      } finally {
        await project.deploy();
        await suite().engine.docker(['image', 'rm', '--force', image]);
      }
    });

    it('comes up with --wait where jobs have nobody but the last service to wait for them', async () => {
      const programs = { mc: 'exit 0', imgproxy: 'exit 0', server: 'exec sleep 100000' };
      const image = await standIn(suite(), 'peakstone-test-store:1', programs);
      try {
        project.set({ MINIO_IMAGE: image, MINIO_MC_IMAGE: image, IMGPROXY_IMAGE: image });
        await project.deploy({
          services: { storage: 'upstream', 'storage-bootstrap': 'upstream', logs: false },
        });
        await project.compose('up', '--detach', '--wait');
        const id = await project.compose('ps', '--all', '--quiet', 'storage-bootstrap');
        assert.equal(await suite().engine.run(['inspect', '--format', '{{.State.ExitCode}}', id]), '0');
      } finally {
        await project.deploy();
        await suite().engine.docker(['image', 'rm', '--force', image]);
      }
    });

    /** Runs commands of docs/backup.md as they are written there; `change` is what an operator puts in. */
    const runBlock = async (mark: string, change: (script: string) => string = script => script) => {
      const document = readFileSync(join(root, 'docs/backup.md'), 'utf8');
      const script = new RegExp(`<!-- tested: ${mark} -->\\n+\`\`\`sh\\n([\\s\\S]*?)\`\`\``).exec(
        document,
      )?.[1];
      assert.ok(script, `docs/backup.md has no commands marked ${mark}`);
      const { code, stdout, stderr } = await execute('bash', ['-euo', 'pipefail', '-c', change(script)], {
        env: {
          ...suite().engine.env,
          COMPOSE_PROJECT_NAME: project.name,
          COMPOSE_FILE: 'docker-compose.yml:docker-compose.local.yml',
        },
        cwd: project.folder,
        timeoutMs: 300_000,
      });
      assert.equal(code, 0, `${mark}: ${stdout}${stderr}`);
    };

    it('is saved and brought back by the commands of docs/backup.md', async () => {
      const count = async () => await project.sql('select count(*) from notes');
      await runBlock('backup');
      await runBlock('dump');
      await project.sql('insert into notes values (2); create role lost login');
      await runBlock('restore');
      assert.equal(await count(), '1');
      assert.equal(await project.sql("select count(*) from pg_roles where rolname = 'lost'"), '0');
      await project.answers('/rest/v1/notes', 200);

      // Made after the dump, of what it holds and beside it: a restore leaves none of it.
      await project.sql(
        `insert into notes values (3); create view newer_view as select * from notes; create schema newer; create table newer.rows(id int);
         create publication newer_feed for table notes; create extension tablefunc; select lo_create(4711);
         alter default privileges for role db_migrator grant all on tables to public`,
      );
      const newer = async () =>
        await project.sql(
          `select concat_ws(' ', (select count(*) from notes), to_regclass('newer_view'), to_regnamespace('newer'),
             (select string_agg(pubname, ',') from pg_publication), (select extname from pg_extension where extname = 'tablefunc'),
             (select string_agg(oid::text, ',') from pg_largeobject_metadata),
             (select string_agg(defaclacl::text, ',') from pg_default_acl where defaclnamespace = 0))`,
        );
      const all = await newer();
      assert.match(all, /^2 newer_view newer newer_feed tablefunc 4711 .+/);
      const dump = join(project.folder, 'postgres.dump');
      const whole = readFileSync(dump);
      writeFileSync(dump, whole.subarray(0, whole.length - 200));
      await assert.rejects(runBlock('undump'), /restore-database: postgres is as it was/);
      assert.equal(await newer(), all);

      writeFileSync(dump, whole);
      await runBlock('undump');
      assert.equal(await newer(), '1');
      assert.equal(
        await project.sql("select nspowner::regrole from pg_namespace where nspname = 'public'"),
        'db_migrator',
      );
      await project.answers('/rest/v1/notes', 200);
    });

    it('is backed up, tried and brought back to a moment by the commands of docs/backup.md', async () => {
      project.set({ BACKUP_STORE: '/backups' });
      await project.deploy();
      const backup = (...argv: string[]) =>
        project.compose('exec', '-T', 'backup', 'peakstone', 'backup', ...argv);
      assert.ok(
        await until(async () => /F\s/.test(await backup('list').catch(() => '')), 120_000),
        'no backup was made',
      );
      assert.match(await backup('test'), /restored and read: \d+ tables/);
      await project.sql('insert into notes values (100)');
      const moment = await project.sql(
        'select to_char(clock_timestamp() at time zone \'UTC\', \'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"\')',
      );
      await project.sql('delete from notes');
      assert.ok(
        await until(
          async () =>
            (await backup('list', '--json')).includes('coveredUntil') &&
            Date.parse(JSON.parse(await backup('list', '--json')).coveredUntil) > Date.parse(moment),
          120_000,
        ),
        'the moment is not covered',
      );
      const to = (time: string) => (script: string) =>
        script.replace('--prepare-only', `--prepare-only --to ${time}`);
      // A moment before every backup: nothing changes, and the stack comes back as it was.
      await assert.rejects(runBlock('moment', to('2020-01-01T00:00:00Z')), /moment/);
      await project.compose('up', '--detach', '--wait');
      assert.equal(await project.sql('select count(*) from notes'), '0');
      await runBlock('moment', to(moment));
      assert.equal(await project.sql('select count(*) from notes where id = 100'), '1');
      await project.answers('/rest/v1/notes', 200);
      assert.equal(await project.sql('show data_checksums'), 'on');
    });
  });
}
