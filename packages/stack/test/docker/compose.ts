/** The services of ours, deployed with Compose and lived with. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { reservePorts } from '@peakstone/testing';
import type { StackConfig } from '../../src/definition.ts';
import {
  type DeployError,
  type DeployEvent,
  deployCompose,
  loadProject,
  type RunCommand,
} from '../../src/deploy/index.ts';
import { renderFiles } from '../../src/render/index.ts';
import { makeFolder, ownServices, type Suite, signToken } from './context.ts';
import { execute, until } from './engine.ts';

const projectName = 'peakstone-test';
const config: StackConfig = { name: 'shop', services: ownServices, routes: 'none' };

export function describeCompose(suite: () => Suite): void {
  let project: ReturnType<typeof makeFolder>;
  let ports: { readonly postgres: number; readonly rest: number; readonly gateway: number };
  const run: RunCommand = async (program, args, options) => {
    const { code, stdout, stderr } = await execute(program, args, {
      env: suite().engine.env,
      cwd: options?.cwd ?? '.',
      timeoutMs: 400_000,
    });
    return { code, stdout, stderr };
  };
  const deploy = async (
    overrides: StackConfig = {},
    options: { readonly pull?: boolean; readonly local?: boolean } = {},
  ) => {
    const events: DeployEvent[] = [];
    await deployCompose({
      project: await loadProject(project.folder, {}, { ...config, ...overrides }),
      projectName,
      write: true,
      up: true,
      local: options.local ?? true,
      pull: options.pull ?? false,
      waitMs: 300_000,
      run,
      onEvent: event => void events.push(event),
    });
    return events;
  };
  const compose = (...args: string[]) =>
    suite().engine.run(
      [
        'compose',
        '--project-name',
        projectName,
        '--project-directory',
        project.folder,
        '-f',
        join(project.folder, 'docker-compose.yml'),
        '-f',
        join(project.folder, 'docker-compose.local.yml'),
        ...args,
      ],
      { timeoutMs: 180_000 },
    );
  const token = (role: string) =>
    signToken(project.values.JWT_SECRET!, { role, sub: '8e6a2b5e-0000-4000-8000-000000000001' });
  const ask = async (url: string, role?: string, init: RequestInit = {}) => {
    const response = await fetch(url, {
      ...init,
      headers: {
        ...(role === undefined ? {} : { authorization: `Bearer ${token(role)}` }),
        'content-type': 'application/json',
        ...(init.headers as object),
      },
    });
    return { status: response.status, body: (await response.json().catch(() => undefined)) as unknown };
  };
  const answers = (url: string) =>
    until(async () => (await fetch(url).catch(() => undefined))?.ok === true, 180_000);
  const sql = (text: string, role = 'db_migrator', password = project.values.DB_MIGRATOR_PASSWORD!) =>
    suite().engine.run([
      'compose',
      '--project-name',
      projectName,
      'exec',
      '-T',
      '-e',
      `PGPASSWORD=${password}`,
      'postgres',
      'psql',
      '-XAtq',
      '-v',
      'ON_ERROR_STOP=1',
      '-h',
      '127.0.0.1',
      '-U',
      role,
      '-d',
      'postgres',
      '-c',
      text,
    ]);

  describe('the rendered files', () => {
    it('are all accepted by docker compose config', async () => {
      const files = makeFolder({});
      try {
        for (const [path, content] of renderFiles())
          writeFileSync(join(files.folder, path.replaceAll('/', '_')), content);
        const check = (...names: string[]) =>
          suite().engine.run([
            'compose',
            '--project-directory',
            files.folder,
            ...names.flatMap(name => ['-f', join(files.folder, name)]),
            'config',
            '--quiet',
          ]);
        await check('docker-compose.yml');
        await check('docker-compose.yml', 'docker-compose.local.yml');
        await check('docker-compose.yml', 'deploy_compose_docker-compose.caddy.yml');
        await check('deploy_compose_docker-compose.upstream.yml');
        await check('deploy_compose_docker-compose.traefik.yml');
        await check('deploy_dokploy_peakstone_docker-compose.yml');
      } finally {
        files.remove();
      }
    });

    it('for Swarm is accepted by docker stack config', async context => {
      const { engine } = suite();
      if (
        (await engine.docker(['stack', 'config', '--help'])).stdout.includes('docker stack config') === false
      ) {
        return context.skip('this docker has no stack config command');
      }
      const files = makeFolder({});
      try {
        for (const [path, content] of renderFiles()) {
          const target = join(files.folder, path);
          mkdirSync(dirname(target), { recursive: true });
          writeFileSync(target, content);
        }
        const args = ['stack', 'config', '--compose-file', join(files.folder, 'deploy/swarm/stack.yml')];
        const { code, stderr } = await execute('docker', args, { env: { ...engine.env, ...files.values } });
        assert.equal(code, 0, stderr);
      } finally {
        files.remove();
      }
    });
  });

  describe('the stack under Compose', { timeout: 1_200_000 }, () => {
    before(async () => {
      await clear();
      const base = await reservePorts(3);
      ports = { postgres: base, rest: base + 1, gateway: base + 2 };
      const { images } = suite();
      project = makeFolder({
        POSTGRES_IMAGE: images.postgres,
        PEAKSTONE_IMAGE: images.peakstone,
        POSTGRES_PORT: `127.0.0.1:${ports.postgres}`,
        PUBLISH_REST: `127.0.0.1:${ports.rest}`,
        PUBLISH_GATEWAY: `127.0.0.1:${ports.gateway}`,
      });
    });
    /** Also what a run that was killed has left. */
    const clear = () =>
      suite().engine.docker(
        ['compose', '--project-name', projectName, 'down', '--volumes', '--remove-orphans', '--timeout', '5'],
        { cwd: tmpdir() },
      );
    after(async () => {
      await clear();
      project?.remove();
    });

    it('is healthy, in less than 500 MB', async context => {
      const startedAt = performance.now();
      await deploy();
      context.diagnostic(`healthy after ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
      const stats = await suite().engine.run(['stats', '--no-stream', '--format', '{{.Name}} {{.MemUsage}}']);
      const used = stats
        .split('\n')
        .filter(line => line.startsWith(projectName))
        .map(line => / ([\d.]+)(MiB|GiB)/.exec(line)!)
        .reduce((sum, [, size, unit]) => sum + Number(size) * (unit === 'GiB' ? 1024 : 1), 0);
      context.diagnostic(`${used.toFixed(0)} MB`);
      assert.ok(used > 20 && used < 500, stats);
    });

    it('publishes no port but those asked for, and only here', async () => {
      const published = await suite().engine.run([
        'ps',
        '--filter',
        `label=com.docker.compose.project=${projectName}`,
        '--format',
        '{{.Ports}}',
      ]);
      for (const [, host] of published.matchAll(/([\d.:[\]]+):\d+->/g)) assert.equal(host, '127.0.0.1');
    });

    it('answers on every public route with each role’s token, and as row security says', async () => {
      await sql(`create table public.notes(id int primary key, owner uuid, body text);
        insert into notes values (1, null, 'public'), (2, '8e6a2b5e-0000-4000-8000-000000000001', 'mine'), (3, 'ffffffff-0000-4000-8000-000000000001', 'theirs');
        alter table notes enable row level security;
        create policy own on notes using (owner is null or owner = auth.uid()) with check (owner = auth.uid())`);
      for (const base of [`http://127.0.0.1:${ports.rest}`, `http://127.0.0.1:${ports.gateway}/rest/v1`]) {
        assert.ok(
          await until(async () => (await ask(`${base}/notes`)).status === 200, 60_000),
          `${base} never saw the new table`,
        );
        const ids = async (role?: string) =>
          ((await ask(`${base}/notes?select=id&order=id`, role)).body as { id: number }[]).map(row => row.id);
        assert.deepEqual(await ids(), [1]);
        assert.deepEqual(await ids('web_anon'), [1, 2]);
        assert.deepEqual(await ids('app_user'), [1, 2]);
        assert.deepEqual(await ids('anon'), [1, 2]);
        assert.deepEqual(await ids('authenticated'), [1, 2]);
        assert.deepEqual(await ids('service_role'), [1, 2, 3]);
        assert.equal((await ask(`${base}/notes`, 'db_migrator')).status >= 400, true);
        assert.equal(
          (
            await ask(`${base}/notes`, undefined, {
              headers: {
                authorization: `Bearer ${signToken('not the secret at all, but long', { role: 'app_user' })}`,
              },
            })
          ).status,
          401,
        );
      }
      const gateway = `http://127.0.0.1:${ports.gateway}`;
      const written = { id: 10, owner: '8e6a2b5e-0000-4000-8000-000000000001', body: 'new' };
      assert.equal(
        (await ask(`${gateway}/rest/v1/notes`, 'app_user', { method: 'POST', body: JSON.stringify(written) }))
          .status,
        201,
      );
      assert.ok(
        [401, 403].includes(
          (
            await ask(`${gateway}/rest/v1/notes`, undefined, {
              method: 'POST',
              body: JSON.stringify({ ...written, id: 11 }),
            })
          ).status,
        ),
      );
      assert.equal((await ask(`${gateway}/healthz`)).status, 200);
    });

    it('keeps its data and serves again after a restart', async () => {
      await compose('restart', '--timeout', '30');
      assert.ok(await answers(`http://127.0.0.1:${ports.gateway}/rest/v1/notes`));
      assert.equal(await sql('select count(*) from notes'), '4');
    });

    it('comes back by itself when containers are killed', {
      skip: process.getuid?.() !== 0 && 'killing a container’s process needs root',
    }, async () => {
      for (const service of ['rest', 'gateway', 'postgres']) {
        const id = await compose('ps', '--quiet', service);
        const pid = Number(await suite().engine.run(['inspect', '--format', '{{.State.Pid}}', id]));
        process.kill(pid, 'SIGKILL');
        assert.ok(
          await until(async () => {
            const [running, now] = (
              await suite().engine.run(['inspect', '--format', '{{.State.Running}} {{.State.Pid}}', id])
            ).split(' ');
            return running === 'true' && Number(now) !== pid;
          }, 120_000),
          `${service} was not started again`,
        );
        assert.ok(
          await answers(`http://127.0.0.1:${ports.gateway}/rest/v1/notes`),
          `no answer after ${service} was killed`,
        );
      }
      assert.equal(await sql('select count(*) from notes'), '4');
    });

    it('takes a later build of both images with its data kept, showing no difference in the file', async () => {
      const { images, engine } = suite();
      project.set({ POSTGRES_IMAGE: images.nextPostgres, PEAKSTONE_IMAGE: images.nextPeakstone });
      const events = await deploy();
      assert.ok(events.every(event => event.kind !== 'diff' || event.text === ''));
      for (const service of ['postgres', 'rest', 'gateway']) {
        const id = await compose('ps', '--quiet', service);
        assert.equal(
          await engine.run([
            'inspect',
            '--format',
            '{{index .Config.Labels "org.opencontainers.image.version"}}',
            id,
          ]),
          '1.0.1',
        );
      }
      assert.equal(await sql('select count(*) from notes'), '4');
      assert.equal(
        (await ask(`http://127.0.0.1:${ports.gateway}/rest/v1/notes?id=eq.10`, 'app_user')).status,
        200,
      );
    });

    it('goes down by itself when it is told to, and comes up again with its data', async context => {
      const startedAt = performance.now();
      await compose('down', '--timeout', '60');
      context.diagnostic(`down in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
      // What does not stop by itself is killed after the minute it was given.
      assert.ok(performance.now() - startedAt < 60_000);
      await deploy();
      assert.equal(await sql('select count(*) from notes'), '4');
      assert.equal((await ask(`http://127.0.0.1:${ports.gateway}/rest/v1/notes`)).status, 200);
    });

    it('says in one line what to do about a missing network, a taken port, and a registry that cannot be reached', async () => {
      await assert.rejects(
        deploy({ routes: 'traefik' }),
        (error: DeployError) =>
          error.message === 'the network dokploy-network does not exist' &&
          /docker network create dokploy-network/.test(error.hint ?? ''),
      );

      await compose('down', '--timeout', '60');
      const thief = createServer().listen(ports.rest, '127.0.0.1');
      try {
        await assert.rejects(
          deploy(),
          (error: DeployError) =>
            error.message === `port ${ports.rest} on 127.0.0.1 is taken` &&
            /PUBLISH_REST/.test(error.hint ?? ''),
        );
      } finally {
        thief.close();
      }

      project.set({ PEAKSTONE_IMAGE: 'localhost:9/peakstone:1' });
      await assert.rejects(
        deploy({}, { pull: true, local: false }),
        (error: DeployError) =>
          /^the registry localhost:9 cannot be reached$/.test(error.message) && error.hint !== undefined,
      );
    });
  });
}
