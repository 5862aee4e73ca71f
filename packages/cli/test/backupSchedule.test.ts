import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { reservePorts } from '@peakstone/testing';
import { Project } from './cli.ts';

it('backups that were just turned on say when WAL will be received, and never to turn them on', async () => {
  const project = new Project();
  try {
    writeFileSync(
      join(project.folder, 'peakstone.config.mjs'),
      'export default { services: { graphql: false, storage: false, images: false, rest: false } };\n',
    );
    const base = String(await reservePorts(3));
    const up = async () => {
      const { code, stderr } = await project.run(['up', '--detach', '--port-base', base]);
      assert.equal(code, 0, stderr);
    };
    const told = async () => (await project.run(['backup', 'list'])).stderr;
    await up();
    await project.run(['backup', 'create']);
    assert.match(await told(), /No WAL is received: .* \(peakstone backup schedule on\)\.\n/);
    assert.equal((await project.run(['backup', 'schedule', 'on'])).code, 0);
    await project.run(['backup', 'create']);
    assert.match(
      await told(),
      /WAL is received from the next start on \(peakstone down, then peakstone up --detach --port-base \d+\)/,
    );
    await project.run(['down']);
    assert.match(
      await told(),
      /WAL is received while the stack runs \(peakstone up --detach --port-base \d+\)/,
    );
    await up();
    assert.match(await told(), /WAL is received, and none of it stored yet|Every moment up to/);
  } finally {
    await project.close();
  }
});
