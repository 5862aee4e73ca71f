import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { renderDiff } from '../src/deploy/diff.ts';
import {
  type DeployError,
  type DeployEvent,
  deployCompose,
  deploySwarm,
  loadProject,
  type RunCommand,
} from '../src/deploy/index.ts';
import { parseReplicas } from '../src/deploy/swarm.ts';
import { makeProject } from './values.ts';

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
    project: makeProject(overrides, folder),
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
      assert.match(error.hint ?? '', /^take its line out of \.env, then .*: peakstone deploy env$/);
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
    let deployed = false;
    const run: RunCommand = async (_program, args) => {
      if (args[0] === 'info') return said('true\n');
      if (args[0] === 'network') return said('swarm\n');
      if (args[1] === 'deploy') deployed = true;
      if (args[1] === 'services') return said('peakstone_rest\t3/3\n');
      const earlier = 'peakstone_rest\t{"old":1}\trollback_completed\t10:00\tan earlier one\n';
      if (args[1] === 'inspect')
        return said(
          deployed
            ? 'peakstone_rest\t{"old":1}\trollback_completed\t11:00\tupdate rolled back due to failure\n'
            : earlier,
        );
      return said('');
    };
    try {
      await assert.rejects(
        deploySwarm({ project: makeProject({}, folder), pull: false, run, onEvent: () => undefined }),
        /the update of peakstone_rest was rolled back/,
      );
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('rehearses: shows what would change, refuses what is in the way, and changes nothing', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'peakstone-swarm-'));
    const asked: string[] = [];
    const run: RunCommand = async (_program, args) => {
      asked.push(args.slice(0, 2).join(' '));
      if (args[0] === 'info') return { code: 0, stdout: 'true\n', stderr: '' };
      if (args[0] === 'network') return { code: 0, stdout: 'swarm\n', stderr: '' };
      return { code: 0, stdout: '', stderr: '' };
    };
    const events: DeployEvent[] = [];
    const rehearse = (with_: RunCommand) =>
      deploySwarm({
        ...{ project: makeProject({}, folder), pull: false, dryRun: true, run: with_ },
        onEvent: event => void events.push(event),
      });
    try {
      await rehearse(run);
      assert.ok(events.some(event => event.kind === 'diff' && /^\+ ?services:/m.test(event.text)));
      assert.ok(!asked.includes('stack deploy'));
      assert.deepEqual(await readdir(folder), []);
      const noManager: RunCommand = async () => ({ code: 0, stdout: 'false\n', stderr: '' });
      await assert.rejects(rehearse(noManager), /no Swarm manager/);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('waits for an update that has not begun, and forgives what an earlier one left', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'peakstone-swarm-'));
    const said = (stdout: string) => ({ code: 0, stdout, stderr: '' });
    const looks = [
      'peakstone_rest\t{"old":1}\trollback_completed\t10:00\tan earlier one\n',
      'peakstone_rest\t{"new":1}\trollback_completed\t10:00\tan earlier one\n',
      'peakstone_rest\t{"new":1}\tupdating\t11:00\tupdate in progress\n',
      'peakstone_rest\t{"new":1}\tcompleted\t11:00\tupdate completed\n',
    ];
    const run: RunCommand = async (_program, args) => {
      if (args[0] === 'info') return said('true\n');
      if (args[0] === 'network') return said('swarm\n');
      if (args[1] === 'services') return said('peakstone_rest\t3/3\n');
      return said(args[1] === 'inspect' ? (looks.shift() ?? '') : '');
    };
    try {
      const events: DeployEvent[] = [];
      await deploySwarm({
        project: makeProject({}, folder),
        pull: false,
        run,
        onEvent: event => void events.push(event),
      });
      assert.equal(looks.length, 0);
      assert.ok(
        events.some(event => event.kind === 'step' && event.text === 'Waiting for peakstone_rest to roll'),
      );
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('wants as many processors on every node as a container may use', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'peakstone-swarm-'));
    const answers: Readonly<Record<string, string>> = {
      info: 'true\n',
      network: 'swarm\n',
      node: 'small\t1000000000\n',
    };
    const run: RunCommand = async (_program, args) => ({
      code: 0,
      stdout: answers[args[0]!] ?? '',
      stderr: '',
    });
    try {
      await assert.rejects(
        deploySwarm({ project: makeProject({}, folder), pull: false, run, onEvent: () => undefined }),
        (error: DeployError) =>
          error.message === 'the node small has fewer processors (1) than postgres may use (2)' &&
          /limits: \{ "postgres": \{ cpus: 1 \} \}/.test(error.hint ?? ''),
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
        deploySwarm({ project: makeProject({}, folder), pull: false, run, onEvent: () => undefined });
      await assert.rejects(deploy(answer('false', 'swarm')), /no Swarm manager/);
      await assert.rejects(deploy(answer('true', 'local')), /dokploy-network is not an overlay network/);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
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
