import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { type DeployError, deployCompose, type RunCommand } from '../src/deploy/index.ts';
import { makeProject } from './values.ts';

/** What `docker inspect` tells of a container, where it is not the usual. */
interface Container {
  readonly Running?: boolean;
  readonly Labels?: Readonly<Record<string, string>>;
  readonly Mounts?: readonly Readonly<Record<string, string | boolean>>[];
}

interface Deployment {
  /** Collects what would have been done. */
  readonly calls?: string[];
  readonly routes?: 'traefik';
  readonly folder?: string;
  readonly config?: object;
}

/** Deploys with a Docker that has these containers. */
async function deployBeside(
  containers: readonly Container[],
  { calls = [], routes, folder, config }: Deployment = {},
): Promise<readonly string[]> {
  const inspected = containers.map(container => ({
    ...{ Name: '/other-1', Running: true, Labels: null, Mounts: [] },
    ...container,
  }));
  const answers: Readonly<Record<string, string>> = {
    ps: containers.map((_each, i) => `${i}\n`).join(''),
    inspect: inspected.map(each => `${JSON.stringify(each)}\n`).join(''),
    network: '[]',
    config: JSON.stringify({ name: 'shop-two', ...config }),
  };
  const run: RunCommand = async (_program, args) => {
    if (args[0] === 'volume') return { code: 1, stdout: '', stderr: 'no such volume' };
    const verb = args.find(arg => arg in answers || arg === 'up') ?? '';
    calls.push(verb);
    return { code: 0, stdout: answers[verb] ?? '', stderr: '' };
  };
  const project = makeProject({ DOMAIN_API: 'api.shop.test' }, folder);
  await deployCompose({
    project: routes ? { ...project, stack: { ...project.stack, routes } } : project,
    write: false,
    up: true,
    local: false,
    pull: true,
    run,
    onEvent: () => undefined,
  });
  return calls;
}

describe('a stack beside another on one Traefik', () => {
  const deploy = (labels: Readonly<Record<string, string>>, calls: string[] = []) =>
    deployBeside([{ Labels: { 'traefik.enable': 'true', ...labels } }], { calls, routes: 'traefik' });
  const rule = (router: string, host: string, project: string) => ({
    'com.docker.compose.project': project,
    [`traefik.http.routers.${router}.rule`]: `Host(\`${host}\`)`,
  });

  it('is refused before anything starts when its name is taken', async () => {
    const calls: string[] = [];
    await assert.rejects(
      deploy(rule('peakstone-rest', 'api.other.test', 'shop-one'), calls),
      (error: DeployError) =>
        error.message === `Traefik knows the stack shop-one by the name 'peakstone' already` &&
        /name in peakstone\.config\.ts/.test(error.hint ?? ''),
    );
    assert.ok(!calls.includes('up'));
  });

  it('is refused when a stopped stack has its name, which a start would bring back beside it', async () => {
    const Labels = { 'traefik.enable': 'true', ...rule('peakstone-rest', 'api.other.test', 'shop-one') };
    const calls: string[] = [];
    await assert.rejects(
      deployBeside([{ Running: false, Labels }], { calls, routes: 'traefik' }),
      /^DeployError: Traefik knows the stack shop-one by the name 'peakstone' already$/,
    );
    assert.ok(!calls.includes('up'));
  });

  it('is refused when one of its hosts leads elsewhere', async () => {
    await assert.rejects(
      deploy(rule('blog', 'API.shop.test', 'blog')),
      (error: DeployError) =>
        error.message === 'the host api.shop.test leads to the stack blog already' &&
        /DOMAIN_API/.test(error.hint ?? ''),
    );
  });

  it('starts when the names are its own, or others’', async () => {
    assert.ok((await deploy(rule('peakstone-rest', 'api.shop.test', 'shop-two'))).includes('up'));
    assert.ok((await deploy(rule('blog', 'blog.shop.test', 'blog'))).includes('up'));
  });
});

describe('a stack on a machine that has others', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'peakstone-neighbours-'));
  after(() => rmSync(folder, { recursive: true }));
  const own = (service: string, workingDir = folder) => ({
    'com.docker.compose.project': 'shop-two',
    'com.docker.compose.service': service,
    'com.docker.compose.project.working_dir': workingDir,
  });
  const target = '/var/lib/postgresql/data';
  const bind = (source: string, more: object = {}) => ({
    services: { postgres: { volumes: [{ type: 'bind', source, target, ...more }] } },
  });
  const mounted = (Source: string, more: object = {}) => ({
    Type: 'bind',
    Source,
    Destination: target,
    RW: true,
    ...more,
  });

  it('is refused where its Compose project is another folder’s stack, whose containers it would replace', async () => {
    const calls: string[] = [];
    for (const Running of [true, false]) {
      await assert.rejects(
        deployBeside([{ Running, Labels: own('postgres', '/srv/shop/code') }], { folder, calls }),
        (error: DeployError) =>
          /^the Compose project 'shop-two' is the stack in \/srv\/shop\/code/.test(error.message) &&
          /COMPOSE_PROJECT_NAME[\s\S]*docker compose --project-name 'shop-two' down$/.test(error.hint ?? ''),
      );
    }
    assert.ok(!calls.includes('up'));
    assert.ok((await deployBeside([{ Labels: own('postgres') }], { folder })).includes('up'));
  });

  it('is refused where a running container of another stack writes to its data', async () => {
    const data = path.join(folder, 'data');
    mkdirSync(data);
    const link = path.join(folder, 'link');
    symlinkSync(data, link);
    const config = bind(`${link}/`);
    const other = { Labels: { 'com.docker.compose.project': 'shop' } };
    await assert.rejects(
      deployBeside([{ ...other, Mounts: [mounted(data)] }], { folder, config }),
      (error: DeployError) =>
        error.message === `the container other-1 keeps its data in ${data}, as postgres would` &&
        /docker stop other-1/.test(error.hint ?? ''),
    );
    const volume = { services: { postgres: { volumes: [{ type: 'volume', source: 'data', target }] } } };
    const named = { ...volume, volumes: { data: { name: 'shop_data' } } };
    const shared = mounted('/var/lib/docker/volumes/shop_data/_data', { Type: 'volume', Name: 'shop_data' });
    await assert.rejects(
      deployBeside([{ ...other, Mounts: [shared] }], { folder, config: named }),
      /keeps its data in shop_data/,
    );
    for (const container of [
      { ...other, Mounts: [mounted(path.join(folder, 'elsewhere'))] },
      { ...other, Mounts: [mounted(data)], Running: false },
      // One that backs it up.
      { ...other, Mounts: [mounted(data, { RW: false })] },
      { ...other, Mounts: [mounted(data, { Destination: '/source' })] },
    ]) {
      assert.ok((await deployBeside([container], { folder, config })).includes('up'));
    }
  });

  it('is refused where its data would stay behind, as the setting of their place has changed', async () => {
    const running = { Labels: own('postgres'), Mounts: [mounted('/srv/before')] };
    const empty = path.join(folder, 'empty');
    mkdirSync(empty);
    for (const place of [empty, path.join(folder, 'absent')]) {
      await assert.rejects(
        deployBeside([running], { folder, config: bind(place) }),
        (error: DeployError) =>
          error.message === `the data of postgres are in /srv/before, and ${place} is empty` &&
          /put the setting back/.test(error.hint ?? ''),
      );
    }
    const filled = path.join(folder, 'filled');
    mkdirSync(path.join(filled, 'pgdata'), { recursive: true });
    assert.ok((await deployBeside([running], { folder, config: bind(filled) })).includes('up'));
    assert.ok((await deployBeside([running], { folder, config: bind('/srv/before') })).includes('up'));
  });
});
