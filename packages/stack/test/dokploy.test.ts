import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { type StandIn, startDokploy } from '@peakstone/testing/dokploy';
import { type DeployError, type DeployEvent, deployDokploy, type Side } from '../src/deploy/index.ts';
import { makeProject } from './values.ts';

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
    project: makeProject(overrides),
    url: dokploy.url,
    apiKey: dokploy.apiKey,
    dryRun: false,
    choose: async (): Promise<Side> => 'here',
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
    assert.match(
      text,
      /JWT_SECRET: Dokploy has a secret of 64 characters, \.env here a secret of 64 characters/,
    );
  });

  it('keeps what was set in its pages, line for line, and adds what it lacks', async () => {
    const made = options();
    await deployDokploy(made);
    const compose = [...dokploy.composes.values()][0]!;
    const page = `# set by hand\nEXTRA='kept as it is'\nSHARED=\${{project.SHARED}}\n${compose.env}`;
    compose.env = page.replace(/^TZ=.*\n/m, '');
    await deployDokploy(made);
    assert.match(
      String(compose.env),
      /^# set by hand\nEXTRA='kept as it is'\nSHARED=\$\{\{project\.SHARED\}\}\n/,
    );
    assert.match(String(compose.env), /^TZ=UTC$/m);
  });

  it('shows both sides of what differs and does as it is told, or nothing at all', async () => {
    const events: DeployEvent[] = [];
    const made = options(hosts, events);
    await deployDokploy(made);
    const compose = [...dokploy.composes.values()][0]!;
    const withZone = (zone: string) => String(compose.env).replace(/^TZ=.*$/m, `TZ=${zone}`);
    compose.env = withZone('Africa/Lagos');
    const asked: number[] = [];
    const choose = (side: Side) => async (differences: number) => {
      asked.push(differences);
      return side;
    };
    await deployDokploy({ ...made, choose: choose('dokploy') });
    assert.match(String(compose.env), /^TZ=Africa\/Lagos$/m);
    assert.match(JSON.stringify(events), /TZ: Dokploy has Africa\/Lagos, \.env here UTC/);
    dokploy.calls.length = 0;
    await assert.rejects(
      deployDokploy({
        ...made,
        choose: async () => {
          throw new Error('broken off');
        },
      }),
      /broken off/,
    );
    assert.deepEqual(
      dokploy.calls.filter(call => /create|update|save|deploy$/.test(call)),
      [],
    );
    await deployDokploy({ ...made, choose: choose('here') });
    assert.match(String(compose.env), /^TZ=UTC$/m);
    assert.deepEqual(asked, [1, 1]);
  });

  it('moves domains from the original stack’s service names before it deploys, and refuses those that lead nowhere', async () => {
    const made = options();
    const composeId = (await deployDokploy(made))!.composeId;
    const domain = {
      domainId: 'old',
      host: 'old.shop.test',
      port: 9001,
      serviceName: 'minio',
      https: true,
      certificateType: 'letsencrypt',
      composeId,
    };
    dokploy.domains.push(domain);
    await deployDokploy(made);
    assert.deepEqual([domain.serviceName, domain.port], ['storage', 9001]);
    domain.serviceName = 'wordpress';
    dokploy.calls.length = 0;
    await assert.rejects(
      deployDokploy(made),
      (error: DeployError) =>
        error.message === 'the domain old.shop.test leads to wordpress, which this stack has not' &&
        /Domains page/.test(error.hint ?? ''),
    );
    assert.ok(!dokploy.calls.includes('compose.update'));
    dokploy.domains.splice(dokploy.domains.indexOf(domain), 1);
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
    const page = createServer((_request, response) => response.end('<h1>Welcome</h1>')).listen(
      0,
      '127.0.0.1',
    );
    await once(page, 'listening');
    const { port } = page.address() as AddressInfo;
    await assert
      .rejects(deployDokploy({ ...options(), url: `http://127.0.0.1:${port}` }), /has no Dokploy API/)
      .finally(() => page.close());
    await assert.rejects(
      deployDokploy({ ...options(), environmentName: 'staging' }),
      /project '.+' has no environment staging/,
    );
  });
});
