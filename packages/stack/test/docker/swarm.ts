/** The services of ours on a swarm of one node: replicas, and a rolling update under load. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { StackConfig } from '../../src/definition.ts';
import { deploySwarm, loadProject, type RunCommand } from '../../src/deploy/index.ts';
import { makeFolder, ownServices, type Suite } from './context.ts';
import { execute, until } from './engine.ts';

const stackName = 'peakstone-swarm-test';
const config: StackConfig = {
  name: 'swarm',
  services: ownServices,
  routes: 'none',
  replicas: { rest: 3, gateway: 3 },
  endpointMode: 'dnsrr',
};

/**
 * What a proxy such as Traefik does, in a container on the stack's network: one request after another on kept connections,
 * and another replica when one refuses the connection or has closed a kept one. Anything else counts as failed.
 */
const loadProgram = `
const http = require('node:http');
const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
const counts = { ok: 0, failed: 0, again: 0, first: '' };
function once(attempt) {
  return new Promise(resolve => {
    const request = http.get({ agent, host: 'swarm-gateway', port: 8000, path: '/rest/v1/', timeout: 60000 }, response => {
      response.resume();
      response.on('end', () => resolve(response.statusCode === 200 ? undefined : 'status ' + response.statusCode));
    });
    request.on('timeout', () => request.destroy(new Error('timeout')));
    request.on('error', error => {
      const retry = attempt < 4 && (error.code === 'ECONNREFUSED' || error.code === 'EHOSTUNREACH' || (error.code === 'ECONNRESET' && request.reusedSocket));
      if (!retry) return resolve(error.code || error.message);
      counts.again++;
      setTimeout(() => once(attempt + 1).then(resolve), 50 * attempt);
    });
  });
}
let stopping = false;
process.on('SIGTERM', () => { stopping = true; });
async function worker() {
  while (!stopping || counts.ok <= 500) {
    const failure = await once(1);
    if (failure === undefined) counts.ok++;
    else { counts.failed++; counts.first ||= failure; }
    await new Promise(resolve => setTimeout(resolve, 20));
  }
}
Promise.all(Array.from({ length: 8 }, worker)).then(() => { console.log(JSON.stringify(counts)); process.exit(0); });
`;

export function describeSwarm(suite: () => Suite): void {
  let project: ReturnType<typeof makeFolder>;
  const run: RunCommand = async (program, args, options) =>
    execute(program, args, {
      env: { ...suite().engine.env, ...options?.env },
      cwd: options?.cwd ?? '.',
      timeoutMs: 300_000,
    });
  const deploy = async (overrides: StackConfig = {}) =>
    deploySwarm({
      project: await loadProject(project.folder, {}, { ...config, ...overrides }),
      stackName,
      pull: false,
      waitMs: 400_000,
      run,
      onEvent: () => undefined,
    });
  const versions = async (service: string) =>
    (
      await suite().engine.run([
        'service',
        'ps',
        `${stackName}_${service}`,
        '--filter',
        'desired-state=running',
        '--format',
        '{{.Image}}',
      ])
    ).split('\n');

  describe('the stack under Swarm', { timeout: 1_500_000 }, () => {
    const broken = 'peakstone:test-broken';
    let unable: string | undefined;
    /** Whether the engine became a swarm for this test, and is none after it. */
    let made = false;
    before(async () => {
      const { engine, images } = suite();
      if (!engine.own && process.env.CI !== 'true' && process.env.PEAKSTONE_TEST_SWARM !== '1') {
        unable = 'would make this machine’s engine a swarm: set PEAKSTONE_TEST_SWARM=1';
        return;
      }
      const state = await engine.run(['info', '--format', '{{.Swarm.LocalNodeState}}']);
      if (state !== 'active') {
        const { code, stderr } = await engine.docker(['swarm', 'init', '--advertise-addr', '127.0.0.1']);
        made = code === 0;
        if (!made) {
          unable = `no swarm here: ${stderr.trim()}`;
          return;
        }
      }
      await clear();
      await engine.docker([
        'node',
        'update',
        '--label-add',
        'peakstone.data=true',
        await engine.run(['info', '--format', '{{.Swarm.NodeID}}']),
      ]);
      project = makeFolder({ POSTGRES_IMAGE: images.postgres, PEAKSTONE_IMAGE: images.peakstone });
    });
    /** Also what a run that was killed has left. */
    const clear = async () => {
      const { engine } = suite();
      await engine.docker(['rm', '--force', 'peakstone-test-load']);
      await engine.docker(['stack', 'rm', stackName]);
      const label = `label=com.docker.stack.namespace=${stackName}`;
      const left = async () => {
        const listed = await Promise.all([
          engine.run(['ps', '--all', '--quiet', '--filter', label]),
          engine.run(['volume', 'ls', '--quiet', '--filter', label]),
        ]);
        return listed.map(text => text.split('\n').filter(Boolean));
      };
      // Tasks take a moment to end, and hold the volumes until then; those of a job stay when its stack goes.
      const cleared = await until(async () => {
        const [containers = [], volumes = []] = await left();
        if (containers.length > 0) await engine.docker(['rm', '--force', ...containers]);
        if (volumes.length > 0) await engine.docker(['volume', 'rm', '--force', ...volumes]);
        return (await left()).flat().length === 0;
      }, 180_000);
      assert.ok(cleared, `containers or volumes of ${stackName} are held by something`);
    };
    after(async () => {
      if (unable !== undefined) return;
      await clear();
      const { engine } = suite();
      await engine.docker(['image', 'rm', '--force', broken]);
      if (made) await engine.run(['swarm', 'leave', '--force']);
      project?.remove();
    });

    it('runs three replicas of rest and of the gateway', async context => {
      if (unable !== undefined) return context.skip(unable);
      const startedAt = performance.now();
      await deploy();
      context.diagnostic(`all replicas after ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
      for (const service of ['rest', 'gateway'])
        assert.deepEqual(await versions(service), Array(3).fill(suite().images.peakstone));
    });

    it('rolls to a later build under load without a failed request', async context => {
      if (unable !== undefined) return context.skip(unable);
      const { engine, images } = suite();
      const name = 'peakstone-test-load';
      await engine.run([
        'run',
        '--detach',
        '--no-healthcheck',
        '--name',
        name,
        '--network',
        `${stackName}_default`,
        '--entrypoint',
        '/usr/local/bin/node',
        images.peakstone,
        '-e',
        loadProgram,
      ]);
      project.set({ PEAKSTONE_IMAGE: images.nextPeakstone });
      await deploy();
      for (const service of ['rest', 'gateway'])
        assert.deepEqual(await versions(service), Array(3).fill(images.nextPeakstone));
      await engine.run(['stop', '--time', '100', name]);
      const counts = JSON.parse(await engine.run(['logs', name])) as {
        ok: number;
        failed: number;
        again: number;
        first: string;
      };
      context.diagnostic(JSON.stringify(counts));
      assert.equal(counts.failed, 0, counts.first);
      assert.ok(counts.ok > 500, JSON.stringify(counts));
    });

    it('goes back by itself from a build that is not healthy, and says so', async context => {
      if (unable !== undefined) return context.skip(unable);
      const { engine, images } = suite();
      await engine.run(['build', '--tag', broken, '-'], {
        input: `FROM ${images.nextPeakstone}\nENTRYPOINT ["/bin/false"]\n`,
        timeoutMs: 180_000,
      });
      project.set({ PEAKSTONE_IMAGE: broken });
      await assert.rejects(deploy(), /the update of peakstone-swarm-test_\w+ was rolled back/);
      assert.ok(
        await until(
          async () => (await versions('rest')).every(image => image === images.nextPeakstone),
          240_000,
        ),
      );
      project.set({ PEAKSTONE_IMAGE: images.nextPeakstone });
      await deploy();
    });
  });
}
