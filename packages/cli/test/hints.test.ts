/** What is told to start a stack anew starts it as it was. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { StackStatus } from '@peakstone/stack';
import { reservePorts } from '@peakstone/testing';
import { Project } from './cli.ts';

describe('a stack that was started with options', () => {
  const project = new Project();
  let base = 0;
  const options = () => ['--data', 'else where', '--detach', '--no-migrate', '--port-base', String(base)];
  before(async () => {
    base = await reservePorts(8);
    const { code, stdout, stderr } = await project.run(['up', ...options()]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /Stop it: peakstone down --data 'else where'\./);
  });
  after(async () => {
    await project.run(['down', '--data', 'else where']);
    await project.close();
  });

  const again = /peakstone down --data 'else where', then peakstone up --data 'else where' (.*)\n/;

  it('is named with all of them by whoever says to stop and start it', async () => {
    const { stderr } = await project.run(['backup', 'schedule', 'on', '--data', 'else where']);
    assert.equal(again.exec(stderr)?.[1], `--detach --no-migrate --port-base ${base}`, stderr);
  });

  it('comes back on its ports by the command that is told when it is down', async () => {
    await project.run(['down', '--data', 'else where']);
    const { code, stderr } = await project.run(['status', '--data', 'else where']);
    assert.equal(code, 3);
    const told = /Start it with 'peakstone (up .*)', or name/.exec(stderr)?.[1];
    assert.deepEqual(
      told
        ?.replace("'else where'", 'else%where')
        .split(' ')
        .map(word => word.replace('%', ' ')),
      ['up', ...options()],
    );
    const started = await project.run(['up', ...options()]);
    assert.equal(started.code, 0, started.stderr);
    const { services } = await project.json<StackStatus>('status', '--data', 'else where');
    assert.equal(services.find(({ name }) => name === 'gateway')?.port, base);
  });
});
