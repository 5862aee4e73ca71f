import assert from 'node:assert/strict';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { isAlive } from '@peakstone/kernel/process';
import { connect, until } from '@peakstone/testing';
import { prepareEmbedded } from '../src/binaries/embedded.ts';
import { findBinaries } from '../src/binaries/find.ts';
import { resolveRunUser } from '../src/host/user.ts';
import { connectionUrl, type DatabaseEvent, databaseService, ensureSecrets } from '../src/index.ts';
import { failsWith, remove, smallDisk, start, temporaryFolder } from './support.ts';
import { variables } from './variables.ts';

let folder: string;
before(() => {
  folder = temporaryFolder();
});
after(() => remove(folder));

const user = resolveRunUser(undefined, () => {});
const find = (choice: 'system' | 'auto' | 'embedded') =>
  findBinaries(choice, user, path.join(folder, 'cache'), () => {});

/** With nothing but `folders` to find programs in. */
async function onPath<T>(folders: string, action: () => Promise<T>): Promise<T> {
  const before = process.env.PATH;
  process.env.PATH = folders;
  try {
    return await action();
  } finally {
    process.env.PATH = before;
  }
}

describe('which PostgreSQL is run', () => {
  it('is the embedded one when it is asked for', async () => {
    const found = await find('embedded');
    assert.deepEqual([found.kind, found.version], ['embedded', '17.10']);
  });

  it('is an installed PostgreSQL 17 when there is one', async () => {
    const { binDir } = await find('embedded');
    const found = await onPath(`/nowhere:${binDir}`, () => find('auto'));
    assert.equal(found.kind, 'system');
    assert.match(found.version, /^17\.\d+$/);
    const server = await onPath(binDir, () => start(path.join(folder, 'system'), { binaries: 'system' }));
    assert.equal(server.binaries.kind, 'system');
    await server.stop();
  });

  it('is the embedded one when none is installed, or only another version; system alone then says what to install', async test => {
    if ((await onPath('/nowhere', () => find('auto'))).kind === 'system')
      return test.skip('a PostgreSQL 17 is installed here');
    const other = path.join(folder, 'other');
    mkdirSync(other);
    for (const name of ['postgres', 'initdb']) {
      writeFileSync(path.join(other, name), '#!/bin/sh\necho "postgres (PostgreSQL) 16.4"\n', {
        mode: 0o755,
      });
    }
    assert.equal((await onPath(`${other}:/usr/bin:/bin`, () => find('auto'))).kind, 'embedded');
    await assert.rejects(
      onPath('/nowhere', () => find('system')),
      failsWith('BINARIES_MISSING', /PostgreSQL 17/),
    );
  });

  it('is copied where the unprivileged user can read it, once', {
    skip: !user.dropped && 'only root drops to another user',
  }, async () => {
    const cache = path.join(folder, 'copies');
    const closed = path.join(folder, 'closed');
    const root = path.join(closed, 'package');
    mkdirSync(path.join(root, 'native', 'lib'), { recursive: true });
    writeFileSync(path.join(root, 'native', 'lib', 'libx.so.1.2'), 'library');
    const links = [{ source: 'native/lib/libx.so.1.2', target: 'native/lib/libx.so.1' }];
    writeFileSync(path.join(root, 'native', 'pg-symlinks.json'), JSON.stringify(links));
    chmodSync(closed, 0o700);
    // An account that owns nothing on the way, as for a clone under /root.
    const stranger = { uid: 54_321, gid: 54_321, name: undefined, dropped: true };
    const notices: string[] = [];
    const prepare = () =>
      prepareEmbedded(stranger, cache, text => notices.push(text), { root, version: '17.10.0' });
    const found = await Promise.all([prepare(), prepare()]);
    for (const { binDir } of found) assert.ok(binDir.startsWith(cache));
    assert.equal(readFileSync(path.join(found[0].libraryDir, '..', 'libx.so.1'), 'utf8'), 'library');
    const { length } = notices;
    assert.equal((await prepare()).binDir, found[0].binDir);
    assert.equal(notices.length, length);
    assert.deepEqual(readdirSync(cache), [`postgresql-17.10.0-${process.platform}-${process.arch}`]);
    await assert.rejects(
      prepareEmbedded(stranger, path.join(closed, 'cache'), () => {}, { root, version: '17.10.0' }),
      failsWith('PERMISSION_DENIED', /54321, who runs PostgreSQL, cannot enter/),
    );
  });
});

describe('settings', () => {
  it("of the user's own file and of ALTER SYSTEM count, and rules of his own let clients in", async () => {
    const dataDir = path.join(folder, 'own');
    const first = await start(dataDir);
    const url = (server: typeof first) =>
      connectionUrl({ host: server.socketDir, port: server.port }, 'postgres', 'postgres');
    const client = connect(url(first));
    await client.query("alter system set work_mem = '7MB'");
    await client.close();
    await first.stop();
    appendFileSync(path.join(dataDir, 'postgresql.conf'), "shared_buffers = '33MB'\nport = 1\n");
    writeFileSync(path.join(dataDir, 'pg_hba.user.conf'), 'host all postgres 127.0.0.1/32 trust\n', {
      mode: 0o644,
    });
    const second = await start(dataDir);
    try {
      const trusted = connect(
        connectionUrl({ host: '127.0.0.1', port: second.port }, 'postgres', 'postgres'),
      );
      assert.deepEqual(
        await trusted.query("select current_setting('work_mem'), current_setting('shared_buffers')"),
        [['7MB', '33MB']],
      );
      await trusted.close();
    } finally {
      await second.stop();
    }
  });
});

describe('a disk that fills while the server runs', () => {
  it('costs no acknowledged row, and the service is healthy again by itself once there is space', async test => {
    const place = path.join(folder, 'disk');
    const disk = smallDisk(place, 200);
    if (typeof disk === 'string') return test.skip(disk);
    const events: DatabaseEvent[] = [];
    const env = ensureSecrets(path.join(folder, 'disk.env'), { variables }).values;
    const config = databaseService.config({
      ...env,
      DATABASE_ENGINE: 'embedded',
      DATABASE_DIR: path.join(place, 'postgres'),
    });
    const service = await databaseService.start(
      { ...config, port: { port: 0, fixed: false } },
      { onEvent: event => events.push(event) },
      new AbortController().signal,
    );
    try {
      const ballast = path.join(place, 'ballast');
      const client = connect(service.adminUrl);
      await client.script('create table filled (id int primary key, filler text)');
      assert.throws(() => writeFileSync(ballast, Buffer.alloc(200 * 1024 * 1024)), { code: 'ENOSPC' });
      let acknowledged = 0;
      await assert.rejects(async () => {
        for (;;) {
          await client.query(
            `insert into filled select ${acknowledged}, string_agg(md5(n::text), '') from generate_series(1, 20000) n`,
          );
          acknowledged++;
        }
      });
      await client.close();
      rmSync(ballast);
      await until(async () => (await service.health()).ok);
      const after = connect(service.adminUrl);
      const [[count]] = (await after.query('select count(*) from filled where id < $1', [
        String(acknowledged),
      ])) as [[string]];
      await after.close();
      assert.equal(Number(count), acknowledged);
    } finally {
      await service.stop();
      assert.equal(isAlive(service.local?.pid ?? 0), false);
      disk.unmount();
    }
  });
});
