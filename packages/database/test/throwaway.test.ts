import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { isAlive } from '@peakstone/kernel/process';
import { connect, until } from '@peakstone/testing';
import { startThrowaway, withThrowaway } from '../src/index.ts';
import { spawnNode } from './support.ts';

const signal = new AbortController().signal;
const INDEX = path.resolve(import.meta.dirname, '../src/index.ts');

async function ask(url: string, sql: string): Promise<string | null | undefined> {
  const client = connect(url);
  try {
    return (await client.query(sql))[0]?.[0];
  } finally {
    await client.close();
  }
}

const postmasterOf = (dataDir: string) =>
  Number(readFileSync(path.join(dataDir, 'postmaster.pid'), 'utf8').split('\n')[0]);

describe('a throw-away server', () => {
  it('listens on no port, only on its private socket, and syncs nothing', async () => {
    await withThrowaway({ binaries: 'embedded', settings: { work_mem: '7MB' } }, signal, async throwaway => {
      const url = throwaway.url();
      assert.equal(await ask(url, `select current_setting('listen_addresses')`), '');
      assert.equal(await ask(url, `select current_setting('fsync')`), 'off');
      assert.equal(await ask(url, `select current_setting('work_mem')`), '7MB');
      assert.equal(statSync(throwaway.socketDir).mode & 0o077, 0);
    });
  });

  it('has the stack’s roles and extensions in the databases that ask for them, and their copies', async () => {
    await withThrowaway({ binaries: 'embedded' }, signal, async throwaway => {
      const bootstrap = { supabase: 'roles', schemas: ['public', 'shop'] } as const;
      await throwaway.createDatabase('plain');
      assert.equal(await ask(throwaway.url('plain'), `select to_regnamespace('auth')`), null);
      await throwaway.createDatabase('app', { bootstrap });
      await throwaway.createDatabase('copy', { bootstrap, template: 'app' });
      for (const name of ['app', 'copy']) {
        const url = throwaway.url(name, 'db_migrator');
        assert.equal(await ask(url, 'select current_user'), 'db_migrator');
        assert.equal(await ask(url, `select digest('a', 'md5') is not null`), 't');
        await ask(url, 'create schema mine');
        await ask(url, 'create table shop.t (id int)');
      }
      await throwaway.dropDatabase('copy');
      await assert.rejects(ask(throwaway.url('copy'), 'select 1'), /does not exist/);
    });
  });

  it('is stopped and removed, and its removal is no error the second time', async () => {
    const throwaway = await startThrowaway({ binaries: 'embedded' }, signal);
    const pid = postmasterOf(throwaway.dataDir);
    await throwaway.stop();
    await throwaway.stop();
    assert.equal(existsSync(path.dirname(throwaway.dataDir)), false);
    assert.equal(isAlive(pid), false);
  });

  it('is stopped and removed when the work beside it fails', async () => {
    let folder = '';
    await assert.rejects(
      withThrowaway({ binaries: 'embedded' }, signal, async ({ dataDir }) => {
        folder = path.dirname(dataDir);
        throw new Error('the work failed');
      }),
      /the work failed/,
    );
    assert.equal(existsSync(folder), false);
  });

  it('ends under work that is interrupted', async () => {
    const interrupted = new AbortController();
    await assert.rejects(
      withThrowaway({ binaries: 'embedded' }, interrupted.signal, async throwaway => {
        const sleeping = ask(throwaway.url(), 'select pg_sleep(3600)');
        const others = `select count(*) from pg_stat_activity where query like '%pg_sleep(3600)'`;
        await until(async () => (await ask(throwaway.url(), others)) === '1');
        interrupted.abort(new Error('interrupted'));
        await sleeping;
      }),
      /interrupted/,
    );
  });

  it('does not start for a command that was interrupted', async () => {
    await assert.rejects(startThrowaway({}, AbortSignal.abort(new Error('interrupted'))), /interrupted/);
  });

  for (const killer of ['SIGINT', 'SIGKILL'] as const) {
    it(`does not outlive the process that started it, ended by ${killer}`, async () => {
      const { child, line } = spawnNode([
        '--input-type=module-typescript',
        '-e',
        `import { startThrowaway } from '${INDEX}';
         const { dataDir } = await startThrowaway({ binaries: 'embedded' }, new AbortController().signal);
         console.log('at ' + dataDir);
         setInterval(() => {}, 1000);`,
      ]);
      const dataDir = (await line('at ')).replace(/^at /, '');
      const pid = postmasterOf(dataDir);
      child.kill(killer);
      await until(() => !existsSync(path.dirname(dataDir)));
      assert.equal(isAlive(pid), false);
    });
  }
});
