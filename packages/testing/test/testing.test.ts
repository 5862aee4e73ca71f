import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, reservePorts, startTestServer, testDatabase } from '../src/index.ts';

describe('a test database', () => {
  it('is fresh, holds the given SQL, is owned by an ordinary role, and goes away', async () => {
    const database = await testDatabase({ sql: 'create table films (id int)' });
    const client = connect(database.url);
    assert.deepEqual(
      await client.query(
        'select current_database(), rolsuper::text from pg_roles where rolname = current_user',
      ),
      [[database.name, 'false']],
    );
    await client.script('create schema own');
    await client.close();
    const admin = connect(database.superuserUrl);
    assert.deepEqual(await admin.query('select count(*) from films'), [['0']]);
    await admin.close();
    assert.equal((await database.pool.query('select 1')).rows.length, 1);
    await database.drop();
    const gone = connect(database.superuserUrl);
    await assert.rejects(gone.query('select 1'), /does not exist/);
    await gone.close();
  });
});

describe('a test server', () => {
  it('survives kill -9 with what was committed, on the same port', async () => {
    const server = await startTestServer();
    try {
      const before = connect(server.url);
      await before.script('create table kept (id int)');
      await before.script('insert into kept values (1)');
      await before.close();
      await server.kill9();
      await server.restart();
      const after = connect(server.url);
      assert.deepEqual(await after.query('select id from kept'), [['1']]);
      await after.close();
    } finally {
      await server.stop();
    }
  });

  it('does not outlive a test that is killed', async () => {
    const program = `import { startTestServer } from '${path.resolve(import.meta.dirname, '../src/index.ts')}';
      const { dataDir } = await startTestServer({ durable: false });
      console.log(dataDir);
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    assert.equal(existsSync(line), true);
    child.kill('SIGKILL');
    const deadline = performance.now() + 20_000;
    while (existsSync(path.dirname(line))) {
      assert.ok(performance.now() < deadline, `${line} is still there`);
      await sleep(50);
    }
  });
});

describe('reserved ports', () => {
  it('are given out once, and can be listened on again and again', async () => {
    const bases = await Promise.all(Array.from({ length: 50 }, () => reservePorts(8)));
    const ports = bases.flatMap(base => Array.from({ length: 8 }, (_, index) => base + index));
    assert.equal(new Set(ports).size, 400);
    for (let round = 0; round < 2; round++) {
      const server = createServer().listen(bases[0], '127.0.0.1');
      await once(server, 'listening');
      server.close();
      await once(server, 'close');
    }
  });
});
