import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { connect, otherUsersCannot, STRANGER } from '@peakstone/testing';
import { connectionUrl, type Server } from '../src/index.ts';
import { failsWith, remove, smallDisk, spawnNode, start, temporaryFolder } from './support.ts';

const isRoot = process.getuid?.() === 0;
let folder: string;
before(() => {
  folder = temporaryFolder();
});
after(() => remove(folder));

/** The one template that is in a cache. */
function templateIn(cacheDir: string): string {
  const [name] = readdirSync(path.join(cacheDir, 'templates')) as [string];
  return path.join(cacheDir, 'templates', name);
}

async function ask(server: Server, sql: string): Promise<string | null | undefined> {
  const client = connect(
    connectionUrl({ host: server.socketDir, port: server.port }, 'postgres', server.superuser),
  );
  try {
    return (await client.query(sql))[0]?.[0];
  } finally {
    await client.close();
  }
}

describe('starting on an empty place', () => {
  it('makes a private data folder with checksums, UTF-8 and the chosen settings, without root', async () => {
    const dataDir = path.join(folder, 'fresh', 'postgres');
    const server = await start(dataDir, { maxConnections: 42 });
    try {
      assert.equal(statSync(dataDir).mode & 0o777, 0o700);
      const names = [
        'server_encoding',
        'data_checksums',
        'max_connections',
        'wal_level',
        'listen_addresses',
        'fsync',
      ];
      const shown = await ask(
        server,
        `select string_agg(current_setting(n), ' ' order by o) from unnest(array['${names.join("','")}']) with ordinality u(n, o)`,
      );
      assert.equal(shown, 'UTF8 on 42 logical 127.0.0.1 on');
      assert.equal(
        await ask(server, "select upper('é') || to_tsvector('simple', 'ÉLAN')::text"),
        "É'élan':1",
      );
      if (process.platform === 'linux') assert.notEqual(statSync(`/proc/${server.postmaster.pid}`).uid, 0);
    } finally {
      await server.stop();
    }
  });

  it('copies a template after the first time, with an identity of its own, and makes the same cluster without one', async () => {
    const cacheDir = path.join(folder, 'cache');
    mkdirSync(cacheDir, { mode: 0o755 });
    const identities = new Set<string | null | undefined>();
    for (const [name, cache] of [
      ['a', cacheDir],
      ['b', cacheDir],
      ['c', null],
    ] as const) {
      const server = await start(path.join(folder, name), { cacheDir: cache });
      try {
        identities.add(await ask(server, 'select system_identifier::text from pg_control_system()'));
        assert.equal(
          await ask(
            server,
            'select datcollate || datlocprovider::text || datlocale from pg_database where datname = current_database()',
          ),
          'CbC.UTF-8',
        );
      } finally {
        await server.stop();
      }
    }
    assert.equal(identities.size, 3);
  });

  it('takes no template that another user has put there', { skip: otherUsersCannot() }, async () => {
    const cacheDir = path.join(folder, 'planted-cache');
    const source = path.join(folder, 'own-cache');
    await (await start(path.join(folder, 'p1'), { cacheDir: source })).stop();
    // The very template that would be copied, with a sign in it.
    renameSync(source, cacheDir);
    writeFileSync(path.join(folder, 'planted'), '');
    spawnSync('tar', ['-rf', templateIn(cacheDir), '-C', folder, 'planted']);
    chownSync(cacheDir, STRANGER.uid, STRANGER.gid);
    const dataDir = path.join(folder, 'p2');
    await (await start(dataDir, { cacheDir })).stop();
    assert.equal(existsSync(path.join(dataDir, 'planted')), false);
    chownSync(cacheDir, 0, 0);
    await (await start(path.join(folder, 'p3'), { cacheDir })).stop();
    assert.equal(existsSync(path.join(folder, 'p3', 'planted')), true);
  });

  it('makes the template anew when it is damaged', async () => {
    const cacheDir = path.join(folder, 'damaged-cache');
    mkdirSync(cacheDir, { mode: 0o755 });
    await (await start(path.join(folder, 'd1'), { cacheDir })).stop();
    writeFileSync(templateIn(cacheDir), Buffer.alloc(8192));
    const server = await start(path.join(folder, 'd2'), { cacheDir });
    try {
      assert.equal(await ask(server, 'select 1::text'), '1');
      assert.notDeepEqual(readFileSync(templateIn(cacheDir)).subarray(0, 8), Buffer.alloc(8));
    } finally {
      await server.stop();
    }
  });

  it('clears what a start that was killed half-way left', async () => {
    const dataDir = path.join(folder, 'half');
    mkdirSync(`${dataDir}.new-999999999`);
    writeFileSync(path.join(`${dataDir}.new-999999999`, 'PG_VERSION'), '17\n');
    await (await start(dataDir)).stop();
    assert.equal(existsSync(`${dataDir}.new-999999999`), false);
  });

  it('finds a place for its socket when the path is too long for one', async () => {
    const dataDir = path.join(folder, 'x'.repeat(60), 'y'.repeat(60), 'postgres');
    const server = await start(dataDir);
    try {
      assert.match(server.socketDir, /^\/tmp\/peakstone-\d+-[0-9a-f]{16}$/);
      assert.equal(statSync(server.socketDir).mode & 0o777, 0o700);
      assert.equal(await ask(server, 'select 1::text'), '1');
    } finally {
      await server.stop();
      remove(server.socketDir);
    }
  });

  it('as root keeps the data elsewhere when the project is closed to its user', {
    skip: !isRoot && 'needs root',
  }, async () => {
    const closed = path.join(folder, 'closed');
    mkdirSync(closed, { mode: 0o700 });
    const dataDir = path.join(closed, '.peakstone', 'postgres');
    const notices: string[] = [];
    const umask = process.umask(0o077);
    const server = await start(dataDir, {
      cacheDir: path.join(folder, 'umask-cache'),
      notice: text => notices.push(text),
    }).finally(() => process.umask(umask));
    try {
      assert.match(server.dataDir, /^\/var\/lib\/peakstone\/closed-[0-9a-f]{8}\/postgres$/);
      assert.match(notices.join('\n'), /cannot enter .*closed/);
      await server.stop();
      const again = await start(dataDir);
      assert.equal(again.dataDir, server.dataDir);
      await again.stop();
    } finally {
      await server.stop();
      remove(path.dirname(server.dataDir));
    }
  });
});

describe('ports', () => {
  it('falls to the next free one with a notice, unless the port was set', async () => {
    const taken = createServer();
    await new Promise<void>(resolve => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as { port: number };
    const dataDir = path.join(folder, 'ports');
    try {
      const notices: string[] = [];
      const server = await start(dataDir, {
        port: { port, fixed: false },
        notice: text => notices.push(text),
      });
      assert.ok(server.port > port);
      assert.match(notices.join('\n'), new RegExp(`Port ${port} is taken`));
      await server.stop();
      await assert.rejects(
        start(dataDir, { port: { port, fixed: true } }),
        failsWith('PORT_IN_USE', /taken/),
      );
    } finally {
      taken.close();
    }
  });
});

describe('a data folder that cannot be used', () => {
  const prepared = (name: string, files: Record<string, string>) => {
    const dataDir = path.join(folder, name);
    mkdirSync(dataDir);
    for (const [file, text] of Object.entries(files)) writeFileSync(path.join(dataDir, file), text);
    return dataDir;
  };

  it('because PostgreSQL 16 made it', async () => {
    await assert.rejects(
      start(prepared('old', { PG_VERSION: '16\n' })),
      failsWith('WRONG_MAJOR_VERSION', /PostgreSQL 16/),
    );
  });

  it('because it holds something else, which stays untouched', async () => {
    const dataDir = prepared('photos', { 'cat.jpg': 'meow' });
    await assert.rejects(start(dataDir), failsWith('NOT_A_DATA_FOLDER'));
    assert.deepEqual(readdirSync(dataDir), ['cat.jpg']);
  });

  it('because it is a file', async () => {
    const file = path.join(folder, 'file');
    writeFileSync(file, '');
    await assert.rejects(start(file), failsWith('NOT_A_DATA_FOLDER'));
  });

  it('because it was there and is removed, or half of it, and makes nothing in its place', async () => {
    const gone = path.join(folder, 'removed', 'postgres');
    await assert.rejects(start(gone, { mustExist: true }), failsWith('NOT_A_DATA_FOLDER', /no longer in/));
    assert.ok(!existsSync(path.dirname(gone)));
    mkdirSync(gone, { recursive: true });
    await assert.rejects(start(gone, { mustExist: true }), failsWith('NOT_A_DATA_FOLDER', /no longer in/));
    assert.deepEqual(readdirSync(gone), []);
  });

  it('because what it links to is gone', async () => {
    const link = path.join(folder, 'dangling');
    symlinkSync(path.join(folder, 'gone'), link);
    await assert.rejects(start(link), failsWith('NOT_A_DATA_FOLDER', /a link to/));
  });

  it('because somebody else made it, unless it is adopted', async () => {
    const dataDir = path.join(folder, 'foreign');
    await (await start(dataDir)).stop();
    rmSync(path.join(dataDir, 'peakstone.json'));
    await assert.rejects(start(dataDir), failsWith('FOREIGN_DATA_FOLDER', /did not make/));
    await (await start(dataDir, { adopt: true })).stop();
  });

  it('because it belongs to another user', { skip: otherUsersCannot() }, async () => {
    const dataDir = path.join(folder, 'others');
    const made = await start(dataDir);
    const { user } = made;
    await made.stop();
    // A process of a third account; it must be able to read this program.
    const code = `
      import { startServer } from '${path.resolve(import.meta.dirname, '../src/index.ts')}';
      try {
        await startServer({ dataDir: ${JSON.stringify(dataDir)}, binaries: 'embedded', superuser: 'postgres', database: 'postgres',
          port: { port: 0, fixed: false }, cacheDir: null }, new AbortController().signal);
      } catch (error) { console.log(error.code, error.message); }`;
    const run = spawnNode(['--input-type=module-typescript', '-e', code], {
      uid: user.uid + 1000,
      gid: user.gid,
    });
    assert.match((await run.finished).output, /^FOREIGN_OWNER .*belongs to /);
  });

  it('because the disk is full, at the first start', async test => {
    const disk = smallDisk(path.join(folder, 'tiny'), 8);
    if (typeof disk === 'string') return test.skip(disk);
    try {
      await assert.rejects(start(path.join(folder, 'tiny', 'postgres')), failsWith('DISK_FULL'));
      assert.deepEqual(readdirSync(path.join(folder, 'tiny')), []);
    } finally {
      disk.unmount();
    }
  });

  it('because the disk has become full, and starts again once there is space', async test => {
    const place = path.join(folder, 'filling');
    const disk = smallDisk(place, 110);
    if (typeof disk === 'string') return test.skip(disk);
    try {
      const dataDir = path.join(place, 'postgres');
      const server = await start(dataDir);
      await ask(server, 'create table kept as select 1 as id');
      await server.stop();
    } catch (error) {
      disk.unmount();
      throw error;
    }
    try {
      const dataDir = path.join(place, 'postgres');
      const ballast = path.join(place, 'ballast');
      assert.throws(() => writeFileSync(ballast, Buffer.alloc(120 * 1024 * 1024)), { code: 'ENOSPC' });
      await assert.rejects(start(dataDir), failsWith('DISK_FULL'));
      rmSync(ballast);
      const server = await start(dataDir);
      assert.equal(await ask(server, 'select id::text from kept'), '1');
      await server.stop();
    } finally {
      disk.unmount();
    }
  });
});

describe('a data folder that root has copied', { skip: !isRoot && 'needs root' }, () => {
  it('is the server’s user’s again, unless something in it is not of the database', async () => {
    const dataDir = path.join(folder, 'copied', 'postgres');
    const server = await start(dataDir);
    await server.stop();
    const copied = path.join(folder, 'copy');
    spawnSync('cp', ['-r', path.dirname(dataDir), copied]);
    const copy = path.join(copied, 'postgres');
    assert.equal(statSync(copy).uid, 0);
    const secret = path.join(folder, 'secret');
    writeFileSync(secret, 'root’s', { mode: 0o600 });
    linkSync(secret, path.join(copy, 'base', 'linked'));
    await assert.rejects(start(copy), (error: Error & { hint?: string }) => {
      assert.match(
        error.message,
        new RegExp(`belongs to user id 0, and PostgreSQL, .* as ${server.user.name}`),
      );
      assert.match(error.hint ?? '', new RegExp(`chown -R ${server.user.name}: `));
      return true;
    });
    assert.equal(statSync(path.join(copy, 'PG_VERSION')).uid, 0);
    rmSync(path.join(copy, 'base', 'linked'));
    const again = await start(copy);
    assert.equal(await ask(again, 'select 1::text'), '1');
    await again.stop();
    assert.equal(statSync(path.join(copy, 'base')).uid, server.user.uid);
    assert.equal(statSync(secret).uid, 0);
  });
});

describe('a lock file left behind', () => {
  it('does not stop a start when it is empty, as after a loss of power, whoever’s it is', {
    skip: process.platform !== 'linux' && 'needs /proc',
  }, async () => {
    const dataDir = path.join(folder, 'empty');
    const server = await start(dataDir);
    await server.stop();
    const lock = path.join(dataDir, 'postmaster.pid');
    const notices: string[] = [];
    for (const isServers of [true, false]) {
      writeFileSync(lock, '', { mode: 0o600 });
      if (isServers) chownSync(lock, server.user.uid, server.user.gid);
      const again = await start(dataDir, { notice: text => notices.push(text) });
      assert.equal(await ask(again, 'select 1::text'), '1');
      await again.stop();
    }
    assert.equal(notices.filter(text => /^Removed postmaster\.pid, which was empty/.test(text)).length, 2);
  });

  it('does not stop a start, even when its process id now is another program', {
    skip: process.platform !== 'linux' && 'needs /proc',
  }, async () => {
    const dataDir = path.join(folder, 'stale');
    const server = await start(dataDir);
    await server.stop();
    // A living process of the server's own account, which PostgreSQL by itself would take for the server.
    const other = spawn('sleep', ['600'], {
      stdio: 'ignore',
      uid: server.user.uid,
      gid: server.user.gid,
    });
    await once(other, 'spawn');
    const lock = path.join(dataDir, 'postmaster.pid');
    writeFileSync(lock, `${other.pid}\n${dataDir}\n1700000000\n5432\n/tmp\n127.0.0.1\n  0 0\nready   \n`);
    chownSync(lock, server.user.uid, server.user.gid);
    chmodSync(lock, 0o600);
    try {
      const again = await start(dataDir);
      assert.equal(await ask(again, 'select 1::text'), '1');
      assert.equal(other.exitCode, null);
      await again.stop();
    } finally {
      other.kill('SIGKILL');
    }
  });
});
