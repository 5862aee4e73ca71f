/** A rotation of secrets that is killed, wherever that is: nobody is locked out, and nothing is left to do by hand. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { connectClient } from '@peakstone/kernel/pg';
import type { StackStatus, StackSummary } from '@peakstone/stack';
import { reservePorts } from '@peakstone/testing';
import { Project, until, untilHealthy } from './cli.ts';

const program = fileURLToPath(new URL('./rotateProgram.ts', import.meta.url));
const steps = ['begun', 'written', 'changed', 'placed', 'restarted'] as const;

describe('a rotation of secrets that is killed', () => {
  const project = new Project();
  let base = 0;
  const up = () => project.json<StackSummary>('up', '--detach', '--port-base', String(base));
  before(async () => {
    base = await reservePorts(8);
    await up();
  });
  after(() => project.close());

  const rotateUntil = async (step: (typeof steps)[number]): Promise<void> => {
    const child = spawn(process.execPath, [program, project.folder, step], {
      cwd: project.folder,
      env: project.environment(),
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const [, signal] = await once(child, 'exit');
    assert.equal(signal, 'SIGKILL');
  };
  const secrets = (): string => readFileSync(join(project.folder, '.env'), 'utf8');
  const isPending = (): boolean =>
    existsSync(join(project.folder, '.env.rotating')) ||
    existsSync(join(project.folder, '.peakstone', 'rotation.begun'));

  /** Every account logs in with what the commands say is its password, and the APIs take the keys that they print. */
  const assertOpen = async (): Promise<void> => {
    for (const role of ['superuser', 'db_migrator', 'db_authenticator', 'hasura']) {
      const { code, stdout, stderr } = await project.run(['url', role]);
      assert.equal(code, 0, stderr);
      const client = await connectClient({ url: stdout.trim() });
      await client.script('select 1');
      client.close();
    }
  };
  const assertServed = async (): Promise<void> => {
    await until(() => !isPending());
    const { services } = await untilHealthy(project);
    assert.deepEqual(
      services.flatMap(({ outdatedSecrets }) => outdatedSecrets),
      [],
    );
    const key = (await project.run(['secrets', 'jwt', 'service'])).stdout.trim();
    const answer = await fetch(`http://127.0.0.1:${base}/rest/v1/`, {
      headers: { authorization: `Bearer ${key}` },
    });
    assert.equal(answer.status, 200, await answer.text());
  };

  for (const step of steps)
    it(`after the step '${step}' is finished by the stack that runs, before the next command reads a password`, async () => {
      const before = secrets();
      await rotateUntil(step);
      await assertOpen();
      await assertServed();
      assert.equal(secrets() === before, step === 'begun');
    });

  for (const step of ['written', 'changed', 'placed'] as const)
    it(`after the step '${step}', and its stack with it, is finished by the next start`, async () => {
      const { pid } = await project.json<StackStatus>('status');
      const before = secrets();
      await rotateUntil(step);
      process.kill(pid, 'SIGKILL');
      await up();
      await assertOpen();
      await assertServed();
      assert.notEqual(secrets(), before);
    });
});
