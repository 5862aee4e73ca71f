import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { resolveStack } from '../src/definition.ts';
import { renderDiff } from '../src/deploy/diff.ts';
import {
  checkEnvironment,
  type DeployError,
  type DeployEvent,
  deployCompose,
  deployDokploy,
  deploySwarm,
  explainDocker,
  loadProject,
  type Project,
  type RunCommand,
} from '../src/deploy/index.ts';
import { parseReplicas } from '../src/deploy/swarm.ts';
import { type StandIn, startDokploy } from './dokploy-server.ts';
import { envText, freshValues } from './values.ts';

const stack = resolveStack();

function project(overrides: Readonly<Record<string, string | undefined>> = {}, folder = tmpdir()): Project {
  const values = freshValues(overrides);
  return { folder, stack, values, envText: envText(values) };
}

describe('the deployment doctor', () => {
  it('finds nothing in what the secrets command makes', () => {
    assert.deepEqual(checkEnvironment(stack, freshValues()), []);
  });

  const cases: readonly [
    what: string,
    change: Record<string, string | undefined>,
    name: string,
    message: RegExp,
  ][] = [
    ['a missing secret', { JWT_SECRET: undefined }, 'JWT_SECRET', /no value/],
    ['an example’s secret', { MINIO_ROOT_PASS: 'minioadminsecret' }, 'MINIO_ROOT_PASS', /example/],
    ['a short JWT secret', { JWT_SECRET: 'abcdefgh12345678' }, 'JWT_SECRET', /16 characters; HS256 needs 32/],
    [
      'a secret that repeats itself',
      { HASURA_ADMIN_SECRET: 'ab'.repeat(20) },
      'HASURA_ADMIN_SECRET',
      /repeats itself/,
    ],
    ['a short password', { POSTGRES_SUPERPASS: 'hunter2' }, 'POSTGRES_SUPERPASS', /7 characters/],
    [
      'a password that breaks URLs',
      { HASURA_DB_PASSWORD: 'abc/def@ghi:jkl#mno?pqrstu' },
      'HASURA_DB_PASSWORD',
      /breaks connection URLs/,
    ],
    [
      'an imgproxy key of the wrong length',
      { IMGPROXY_KEY_HEX: 'ab12cd34' },
      'IMGPROXY_KEY_HEX',
      /8 hex digits; 32 bytes are 64/,
    ],
    [
      'an imgproxy salt that is not hex',
      { IMGPROXY_SALT_HEX: 'z'.repeat(32) },
      'IMGPROXY_SALT_HEX',
      /not hex/,
    ],
    ['an open database port', { POSTGRES_PORT: '5432' }, 'POSTGRES_PORT', /every network/],
    ['a database port on all addresses', { POSTGRES_PORT: '0.0.0.0:5432' }, 'POSTGRES_PORT', /every network/],
    [
      'a URL with an old password',
      { HASURA_GRAPHQL_DATABASE_URL: 'postgres://hasura:old@pgcat:6432/postgres' },
      'HASURA_GRAPHQL_DATABASE_URL',
      /its password is not HASURA_DB_PASSWORD/,
    ],
    [
      'a pool that no client finds',
      {
        POSTGRES_DB: 'shop',
        ATLAS_URL: 'postgres://db_migrator@postgres:5432/postgres',
        DB_MIGRATOR_PASSWORD: '',
      },
      'ATLAS_URL',
      /its database is postgres, but POSTGRES_DB/,
    ],
    ['a deleted image', { MINIO_IMAGE: 'minio/minio:latest' }, 'MINIO_IMAGE', /deleted/],
    ['an image that moves', { GRAFANA_IMAGE: 'grafana/grafana:latest' }, 'GRAFANA_IMAGE', /moves/],
    ['an open image proxy', { IMGPROXY_ALLOWED_SOURCES: 'https://' }, 'IMGPROXY_ALLOWED_SOURCES', /any host/],
    ['the pooler’s own name as database', { POSTGRES_DB: 'pgcat' }, 'POSTGRES_DB', /admin database/],
  ];
  for (const [what, change, name, message] of cases) {
    it(`finds ${what}, and says what to do`, () => {
      const finding = checkEnvironment(stack, freshValues(change)).find(candidate => candidate.name === name);
      assert.match(finding?.message ?? '', message);
      assert.ok(finding?.hint);
    });
  }

  it('finds one secret used for two', () => {
    const values = freshValues();
    values.DB_MIGRATOR_PASSWORD = values.HASURA_DB_PASSWORD!;
    assert.match(checkEnvironment(stack, values)[0]?.message ?? '', /the same as HASURA_DB_PASSWORD/);
  });

  it('never shows a secret’s value', () => {
    const values = freshValues({
      HASURA_DB_PASSWORD: 'sh0rt&secret',
      HASURA_GRAPHQL_DATABASE_URL: 'postgres://hasura:0ther@pgcat/x',
    });
    const text = JSON.stringify(checkEnvironment(stack, values));
    assert.doesNotMatch(text, /sh0rt|0ther/);
  });

  it('asks for nothing that a service left out would need', () => {
    const small = resolveStack({ services: { grafana: false, admin: false } });
    assert.deepEqual(
      checkEnvironment(
        small,
        freshValues({ GRAFANA_ADMIN_PASSWORD: undefined, PGADMIN_PASSWORD: undefined }),
      ),
      [],
    );
  });
});

describe('Docker’s errors', () => {
  const cases: readonly [stderr: string, message: string, hint: RegExp][] = [
    [
      'error while interpolating services.rest.environment.PGRST_JWT_SECRET: required variable JWT_SECRET is missing a value: set JWT_SECRET in .env, or run: peakstone deploy env',
      'JWT_SECRET has no value',
      /peakstone deploy env/,
    ],
    [
      'network dokploy-network declared as external, but could not be found',
      'the network dokploy-network does not exist',
      /docker network create dokploy-network/,
    ],
    [
      'Error response from daemon: driver failed programming external connectivity on endpoint x (5f): Bind for 127.0.0.1:5432 failed: port is already allocated',
      'port 5432 on 127.0.0.1 is taken',
      /stop what listens/,
    ],
    [
      'Error response from daemon: Ports are not available: exposing port TCP 127.0.0.1:8000 -> 0.0.0.0:0: listen tcp 127.0.0.1:8000: bind: address already in use',
      'port 8000 on 127.0.0.1 is taken',
      /stop what listens/,
    ],
    [
      'Error response from daemon: Get "https://ghcr.io/v2/": dial tcp: lookup ghcr.io on 127.0.0.11:53: no such host',
      'the registry ghcr.io cannot be reached',
      /network and DNS/,
    ],
    [
      "Error response from daemon: pull access denied for minio/minio, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
      'the image minio/minio is not in its registry, or is private',
      /_IMAGE/,
    ],
    [
      'Error response from daemon: manifest for grafana/loki:9.9.9 not found: manifest unknown: manifest unknown',
      'the image grafana/loki:9.9.9 is not in its registry, or is private',
      /_IMAGE/,
    ],
    [
      'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?',
      'Docker does not answer',
      /systemctl start docker/,
    ],
    [
      'Error response from daemon: This node is not a swarm manager. Use "docker swarm init"',
      'this Docker engine is no Swarm manager',
      /docker swarm init/,
    ],
    [
      'dependency failed to start: container stack-postgres-1 is unhealthy',
      'stack-postgres-1 did not become healthy',
      /docker logs stack-postgres-1/,
    ],
    [
      'service "db-bootstrap" didn\'t complete successfully: exit 1',
      'db-bootstrap did not become healthy',
      /docker logs/,
    ],
  ];
  for (const [stderr, message, hint] of cases) {
    it(`become one line: ${message}`, () => {
      const error = explainDocker(stderr, 'docker compose up');
      assert.equal(error.message, message);
      assert.match(error.hint ?? '', hint);
    });
  }

  it('that nobody foresaw are quoted, last line first', () => {
    assert.equal(
      explainDocker('first\nsomething odd\n', 'docker compose up').message,
      'docker compose up failed: something odd',
    );
  });
});

describe('a diff', () => {
  it('shows what changes, with its surroundings, and nothing when nothing does', () => {
    const before = 'a\nb\nc\nd\ne\nf\n';
    assert.equal(renderDiff('file', before, 'a\nb\nc\nX\ne\nf\n', 1), '--- file\n…\n  c\n- d\n+ X\n  e\n');
    assert.equal(renderDiff('file', before, before), '');
    assert.equal(renderDiff('file', '', 'new\n'), '--- file\n+ new\n');
  });
});

describe('deploying with Compose', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'peakstone-deploy-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const options = (
    run: RunCommand,
    overrides: Readonly<Record<string, string | undefined>> = {},
    events: DeployEvent[] = [],
  ) => ({
    project: project(overrides, folder),
    write: true,
    up: false,
    local: false,
    pull: true,
    run,
    onEvent: (event: DeployEvent) => void events.push(event),
  });
  const fine: RunCommand = async () => ({ code: 0, stdout: '', stderr: '' });

  it('shows the difference, asks Docker, then writes', async () => {
    const calls: string[] = [];
    const events: DeployEvent[] = [];
    await deployCompose(
      options(
        async (_program, args) => {
          calls.push(args.join(' '));
          return { code: 0, stdout: '', stderr: '' };
        },
        {},
        events,
      ),
    );
    assert.match(calls[0] ?? '', /^compose .* config --quiet$/);
    assert.match(
      await readFile(join(folder, 'docker-compose.yml'), 'utf8'),
      /^# Rendered by `peakstone compose`/,
    );
    assert.match(events.find(event => event.kind === 'diff')?.text ?? '', /^--- docker-compose\.yml\n\+ /);
    const again: DeployEvent[] = [];
    await deployCompose(options(fine, {}, again));
    assert.equal(again.find(event => event.kind === 'diff')?.text, '');
  });

  it('writes nothing that Docker refuses', async () => {
    await writeFile(join(folder, 'docker-compose.yml'), 'services: {}\n');
    await assert.rejects(
      deployCompose(
        options(async () => ({
          code: 15,
          stdout: '',
          stderr: 'services.rest.imag additional properties are not allowed',
        })),
      ),
      /docker compose config failed: services\.rest\.imag/,
    );
    assert.equal(await readFile(join(folder, 'docker-compose.yml'), 'utf8'), 'services: {}\n');
  });

  it('writes nothing when the environment is unsafe', async () => {
    await assert.rejects(deployCompose(options(fine, { JWT_SECRET: 'replace-me' })), (error: DeployError) => {
      assert.match(error.message, /^JWT_SECRET: its value is the one of an example/);
      assert.equal(error.hint, 'generate it: peakstone deploy env');
      return true;
    });
  });

  it('says that there is no Docker', async () => {
    const run: RunCommand = async () => {
      throw Object.assign(new Error('spawn docker ENOENT'), { code: 'ENOENT' });
    };
    await assert.rejects(deployCompose(options(run)), /docker is not installed/);
  });
});

describe('deploying to Swarm', () => {
  it('reads how many replicas run, of services and of jobs', () => {
    assert.deepEqual(parseReplicas('2/3'), { running: 2, wanted: 3, job: false });
    assert.deepEqual(parseReplicas('0/1 (1/1 completed)'), { running: 1, wanted: 1, job: true });
    assert.deepEqual(parseReplicas('3/3 (max 1 per node)'), { running: 3, wanted: 3, job: false });
  });

  it('says when an update was rolled back', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'peakstone-swarm-'));
    const said = (stdout: string) => ({ code: 0, stdout, stderr: '' });
    const run: RunCommand = async (_program, args) => {
      if (args[0] === 'info') return said('true\n');
      if (args[0] === 'network') return said('swarm\n');
      if (args[1] === 'services') return said('peakstone_rest\t3/3\n');
      if (args[1] === 'inspect')
        return said('peakstone_rest\trollback_completed\tupdate rolled back due to failure\n');
      return said('');
    };
    try {
      await assert.rejects(
        deploySwarm({ project: project({}, folder), pull: false, run, onEvent: () => undefined }),
        /the update of peakstone_rest was rolled back/,
      );
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('wants a manager, and the proxy’s network to be an overlay', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'peakstone-swarm-'));
    const answer =
      (control: string, scope: string): RunCommand =>
      async (_program, args) => ({ code: 0, stdout: args[0] === 'info' ? control : scope, stderr: '' });
    try {
      const deploy = (run: RunCommand) =>
        deploySwarm({ project: project({}, folder), pull: false, run, onEvent: () => undefined });
      await assert.rejects(deploy(answer('false', 'swarm')), /no Swarm manager/);
      await assert.rejects(deploy(answer('true', 'local')), /dokploy-network is not an overlay network/);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe('deploying to Dokploy', () => {
  let dokploy: StandIn;
  before(async () => {
    dokploy = await startDokploy();
  });
  after(() => dokploy.close());

  const hosts = { DOMAIN_API: 'api.shop.test', DOMAIN_GQL: 'gql.shop.test' };
  const options = (
    overrides: Readonly<Record<string, string | undefined>> = hosts,
    events: DeployEvent[] = [],
  ) => ({
    project: project(overrides),
    url: dokploy.url,
    apiKey: dokploy.apiKey,
    dryRun: false,
    pollMs: 10,
    onEvent: (event: DeployEvent) => void events.push(event),
  });

  it('changes nothing on a dry run', async () => {
    const events: DeployEvent[] = [];
    assert.equal(await deployDokploy({ ...options(hosts, events), dryRun: true }), undefined);
    assert.deepEqual(dokploy.calls, ['project.all']);
    assert.match(events.find(event => event.kind === 'diff')?.text ?? '', /\+ services:/);
  });

  it('creates the project, the service, its environment and its domains, and waits until it is deployed', async () => {
    const events: DeployEvent[] = [];
    const made = options(hosts, events);
    const result = await deployDokploy(made);
    assert.deepEqual(result?.hosts, ['api.shop.test', 'gql.shop.test']);
    const compose = dokploy.composes.get(result?.composeId ?? '');
    assert.equal(compose?.sourceType, 'raw');
    assert.match(
      String(compose?.env),
      new RegExp(`^JWT_SECRET=["']?${made.project.values.JWT_SECRET}["']?$`, 'm'),
    );
    assert.doesNotMatch(String(compose?.composeFile), /traefik|container_name:|^ {4}ports:/m);
    assert.deepEqual(
      dokploy.domains.map(({ host, port, serviceName, https, certificateType }) => ({
        host,
        port,
        serviceName,
        https,
        certificateType,
      })),
      [
        {
          host: 'api.shop.test',
          port: 3000,
          serviceName: 'rest',
          https: true,
          certificateType: 'letsencrypt',
        },
        {
          host: 'gql.shop.test',
          port: 8080,
          serviceName: 'graphql',
          https: true,
          certificateType: 'letsencrypt',
        },
      ],
    );
    assert.deepEqual(
      events.flatMap(event =>
        event.kind === 'step' && event.text.startsWith('Deployment') ? [event.text] : [],
      ),
      ['Deployment running', 'Deployment done'],
    );
  });

  it('updates what is there instead of making it again, and keeps domains that others made', async () => {
    const composeId = [...dokploy.composes.keys()][0]!;
    dokploy.domains.push({
      domainId: 'theirs',
      host: 'other.shop.test',
      port: 8080,
      serviceName: 'graphql',
      https: true,
      certificateType: 'letsencrypt',
      composeId,
    });
    dokploy.domains[0]!.port = 9999;
    dokploy.calls.length = 0;
    const result = await deployDokploy(options());
    assert.equal(result?.composeId, composeId);
    assert.equal(dokploy.composes.size, 1);
    assert.equal(dokploy.domains.length, 3);
    assert.equal(dokploy.domains[0]?.port, 3000);
    assert.ok(
      !dokploy.calls.includes('compose.create') &&
        !dokploy.calls.includes('project.create') &&
        !dokploy.calls.includes('domain.create'),
    );
  });

  it('never shows a secret in its progress', async () => {
    const events: DeployEvent[] = [];
    const made = options(hosts, events);
    await deployDokploy(made);
    const text = JSON.stringify(events);
    for (const name of ['JWT_SECRET', 'POSTGRES_SUPERPASS', 'MINIO_ROOT_PASS'])
      assert.ok(!text.includes(made.project.values[name]!), name);
    assert.match(text, /JWT_SECRET changes/);
  });

  it('reports a failed deployment with the last line of its log', async () => {
    dokploy.failNext('manifest for ghcr.io/x:1 not found');
    await assert.rejects(
      deployDokploy(options()),
      /the deployment failed: manifest for ghcr\.io\/x:1 not found/,
    );
  });

  it('says what to do about a refused key, and about an address that does not answer', async () => {
    await assert.rejects(
      deployDokploy({ ...options(), apiKey: 'wrong' }),
      (error: DeployError) =>
        /refused the key/.test(error.message) && /DOKPLOY_API_KEY/.test(error.hint ?? ''),
    );
    await assert.rejects(
      deployDokploy({ ...options(), url: 'http://127.0.0.1:9' }),
      (error: DeployError) => /does not answer/.test(error.message) && /DOKPLOY_URL/.test(error.hint ?? ''),
    );
    await assert.rejects(
      deployDokploy({ ...options(), environmentName: 'staging' }),
      /has no environment staging/,
    );
  });
});

describe('a project’s folder', () => {
  it('gives its configuration and .env, under the process environment', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'peakstone-project-'));
    try {
      await writeFile(join(folder, '.env'), 'JWT_SECRET=file\nTZ=Europe/Berlin\n');
      await writeFile(
        join(folder, 'peakstone.config.ts'),
        "export default { name: 'shop', services: { grafana: false } as const };\n",
      );
      const loaded = await loadProject(folder, { JWT_SECRET: 'process', PATH: '/bin' });
      assert.equal(loaded.stack.name, 'shop');
      assert.deepEqual(loaded.values, { JWT_SECRET: 'process', TZ: 'Europe/Berlin' });
      assert.ok(!loaded.stack.services.some(service => service.definition.name === 'grafana'));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
