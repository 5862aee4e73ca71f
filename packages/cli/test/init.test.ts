import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { reservePorts } from '@peakstone/testing';
import { Project, until } from './cli.ts';

describe('a project made by init', () => {
  const project = new Project();
  after(() => project.close());

  it('serves its first table to those who may see it, by the commands that init names', async () => {
    const { code, stdout } = await project.run(['init']);
    assert.equal(code, 0);
    const base = await reservePorts(3);
    const commands = stdout.slice(stdout.indexOf('Next:')).match(/peakstone .+/g) ?? [];
    assert.equal(commands.length, 2);
    for (const command of commands) {
      const argv = command.split(' ').slice(1);
      const { code, stderr } = await project.run([
        ...argv,
        ...(argv[0] === 'up' ? ['--port-base', String(base)] : []),
      ]);
      assert.equal(code, 0, stderr);
      // Of another version there is nothing to tell.
      assert.doesNotMatch(stderr, /last run by/);
    }
    const read = async (token?: string): Promise<unknown> => {
      const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
      const response = await fetch(`http://127.0.0.1:${base}/rest/v1/notes?select=text&order=id`, {
        headers,
      });
      return response.status === 200 ? await response.json() : response.status;
    };
    await until(async () => (await read()) !== 404);
    assert.deepEqual(await read(), [{ text: 'Hello from PostgreSQL' }]);
    const owner = await project.run([
      'secrets',
      'jwt',
      '--role',
      'app_user',
      '--sub',
      '00000000-0000-4000-8000-000000000001',
    ]);
    assert.deepEqual(await read(owner.stdout.trim()), [
      { text: 'Hello from PostgreSQL' },
      { text: 'Only its owner reads this' },
    ]);
  });

  it('is refused where no folder can be, with what to do and nothing made', async () => {
    const places: readonly [string, RegExp][] = [
      ['/etc/hosts', /\/etc\/hosts is a file, so that no project can be in it\.\nhint: .*Name a folder/],
      ['/etc/hosts/shop/deep', /\/etc\/hosts is a file/],
      ...(process.platform === 'linux'
        ? ([['/proc/shop/deep', /The system makes no folder in \/proc\.|may not do that there/]] as [
            string,
            RegExp,
          ][])
        : []),
    ];
    for (const [place, message] of places) {
      const { code, stdout, stderr } = await project.run(['init', place]);
      assert.equal(code, 1);
      assert.equal(stdout, '');
      assert.match(stderr, message);
    }
  });

  it('gets no types written where no file can be, with what to do', async () => {
    for (const [file, message] of [
      [
        '/nosuch/x/types.ts',
        /cannot be written: there is no folder \/nosuch\/x\.\nhint: .*mkdir -p \/nosuch\/x/,
      ],
      ['/etc/hosts/types.ts', /cannot be written: \/etc\/hosts is no folder\./],
      ['/tmp', /cannot be written: it is a folder\.\nhint: .*\/tmp\/NAME/],
    ] as const) {
      const { code, stderr } = await project.run(['gen', 'types', '-o', file]);
      assert.equal(code, 1);
      assert.match(stderr, message);
    }
  });
});
