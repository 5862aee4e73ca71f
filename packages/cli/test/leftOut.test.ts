import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { StackStatus } from '@peakstone/stack';
import { reservePorts } from '@peakstone/testing';
import { Project } from './cli.ts';

describe('a stack that its configuration makes smaller', () => {
  const project = new Project();
  const pictures = createServer((request, response) => response.end(`picture of ${request.url}`));
  let base: number;
  const configure = (services: string): void =>
    writeFileSync(
      join(project.folder, 'peakstone.config.mjs'),
      `export default { services: { ${services} } };\n`,
    );
  const up = () => project.run(['up', '--detach', '--port-base', String(base)]);

  before(async () => {
    base = await reservePorts(7);
    await new Promise<void>(resolve => pictures.listen(0, '127.0.0.1', resolve));
    const { port } = pictures.address() as AddressInfo;
    configure(
      `graphql: false, storage: 'off', rest: 'upstream', images: { engine: 'external', url: 'http://\${PICTURES}' },
       postgres: { engine: 'external', url: 'postgres://db.internal/shop' }`,
    );
    const { code, stderr } = await up();
    assert.equal(code, 1);
    assert.match(stderr, /error: PICTURES must be set, as services\.images of peakstone\.config\.ts has it/);
    assert.equal(stderr.match(/PEAKSTONE_UPSTREAM_IMAGES=off/g)?.length, 1, stderr);
    project.env.PICTURES = `127.0.0.1:${port}`;
    const started = await up();
    assert.equal(started.code, 0, started.stderr);
    assert.match(started.stdout, /Off by configuration: GraphQL API, Object storage\n/);
    for (const name of ['postgres', 'rest'])
      assert.match(
        started.stderr,
        new RegExp(`services.${name}: .* is for deployments; here the stack runs`),
      );
  });
  after(async () => {
    await project.close();
    pictures.close();
  });

  it('starts what is left, and is whole without the rest', async () => {
    const status = await project.json<StackStatus>('status');
    assert.equal(status.healthy, true);
    assert.deepEqual(
      status.off.map(({ name }) => name),
      ['graphql', 'storage'],
    );
    assert.deepEqual(
      status.services.map(({ name, engine }) => [name, engine]),
      [
        ['postgres', 'peakstone'],
        ['cron', 'peakstone'],
        ['rest', 'peakstone'],
        ['images', 'external'],
        ['gateway', 'peakstone'],
      ],
    );
    const { code, stdout } = await project.run(['status']);
    assert.equal(code, 0);
    assert.match(stdout, /graphql +off +by configuration\nstorage +off +by configuration\n/);
    assert.match((await project.run(['doctor'])).stdout, /ok +Service +graphql is off by configuration/);
  });

  it('routes to nothing that is off, and to the address of what others serve', async () => {
    const get = (path: string) => fetch(`http://127.0.0.1:${base}${path}`);
    assert.equal((await get('/v1/graphql')).status, 404);
    assert.equal((await get('/storage/uploads')).status, 404);
    assert.equal(await (await get('/img/a/b')).text(), 'picture of /a/b');
    const health = (await (await get('/healthz')).json()) as { services: Record<string, unknown> };
    assert.deepEqual(Object.keys(health.services), ['postgres', 'cron', 'rest', 'images']);
  });

  it('says of a service that is off that it is, to whoever restarts it', async () => {
    const { code, stderr } = await project.run(['restart', 'graphql']);
    assert.equal(code, 1);
    assert.match(stderr, /GraphQL API is off: this stack was configured without it\.\n.*services\.graphql/);
  });

  it('has a log of every service that there can be: a quiet one says why it is', async () => {
    const quiet: Readonly<Record<string, RegExp>> = {
      graphql: /^graphql is off by configuration\.\n$/,
      images: /^images is served at http:\/\/127\.0\.0\.1:\d+, which keeps its own log\.\n$/,
      cron: /^(cron has written nothing yet\.\n)?$/,
      backup: /^backup takes no part in this stack\.\n$/,
    };
    for (const [name, expected] of Object.entries(quiet)) {
      const { code, stderr } = await project.run(['logs', name]);
      assert.equal(code, 0, stderr);
      assert.match(stderr, expected);
    }
    const rest = await project.run(['logs', 'rest', '--since', '2999-01-01']);
    assert.match(
      rest.stderr,
      /^rest has written nothing since 2998-12-31|^rest has written nothing since 2999/,
    );
    const none = await project.run(['logs', 'grafql']);
    assert.equal(none.code, 2);
    assert.match(
      none.stderr,
      /There is no log of 'grafql'\.\nhint: {2}Did you mean 'graphql'\? There are: .*cron/,
    );
  });

  it('goes without a gateway, too: each service is reached at its own address', async () => {
    await project.run(['down']);
    configure(`gateway: false, storage: false, images: false, graphql: false`);
    const { code, stdout, stderr } = await up();
    assert.equal(code, 0, stderr);
    const rest = /REST API +(http:\S+)/.exec(stdout)?.[1];
    assert.equal((await fetch(`${rest}/`)).status, 200);
    const spec = (await (await fetch(`${rest}/`)).json()) as { host: string };
    assert.equal(`http://${spec.host}`, rest);
    assert.equal((await project.run(['health'])).code, 0);
  });

  it('has a database whatever it says', async () => {
    configure('postgres: false');
    const { stdout } = await project.run(['doctor']);
    assert.match(stdout, /fail +Configuration +services\.postgres: nothing works without it/);
    const { stderr: refused } = await project.run(['secrets']);
    assert.match(refused, /services\.postgres: nothing works without it/);
  });
});

describe('a stack whose configuration leaves the runner of jobs out', () => {
  const project = new Project();
  before(async () => {
    const base = await reservePorts(3);
    writeFileSync(
      join(project.folder, 'peakstone.config.mjs'),
      'export default { services: { cron: false, graphql: false, storage: false, images: false } };\n',
    );
    const { code, stderr } = await project.run(['up', '--detach', '--port-base', String(base)]);
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stderr, /Scheduled jobs is off/);
  });
  after(() => project.close());

  it('says so while there are jobs that nothing runs, and only then', async () => {
    const told = async (): Promise<string> => (await project.run(['status'])).stdout;
    const examined = async (): Promise<string> => (await project.run(['doctor'])).stdout;
    assert.match(await told(), /cron +off +by configuration/);
    assert.doesNotMatch(await told(), /which nothing runs/);
    assert.match(await examined(), /ok +Service +cron is off by configuration/);
    await project.run(['sql', `select cron.schedule('sweep', '* * * * *', 'select 1')`]);
    assert.match(
      await told(),
      /cron +off +by configuration\n {2}1 active job is in cron\.job, which nothing runs/,
    );
    assert.match(
      await examined(),
      /warn +Service +cron is off by configuration: 1 active job is in cron\.job/,
    );
    await project.run(['sql', `select cron.unschedule('sweep')`]);
    assert.doesNotMatch(await told(), /which nothing runs/);
  });
});
