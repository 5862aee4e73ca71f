import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { withLogin } from '@peakstone/kernel/pg';
import { isAlive } from '@peakstone/kernel/process';
import { connect, reservePorts, until } from '@peakstone/testing';
import {
  type DatabaseError,
  type DatabaseEvent,
  databaseService,
  ensureSecrets,
  rotateSecrets,
} from '../src/index.ts';
import { remove, spawnNode, temporaryFolder } from './support.ts';
import { variables } from './variables.ts';

let folder: string;
before(() => {
  folder = temporaryFolder();
});
after(() => remove(folder));

/** Starts the service as the stack does, in a project of its own. */
async function startService(name: string, more: Record<string, string> = {}, port = 0) {
  const env = path.join(folder, `${name}.env`);
  const events: DatabaseEvent[] = [];
  const config = databaseService.config({
    ...ensureSecrets(env, { variables }).values,
    DATABASE_ENGINE: 'embedded',
    DATABASE_DIR: path.join(folder, name, 'postgres'),
    ...more,
  });
  const service = await databaseService.start(
    { ...config, port: { port, fixed: false } },
    { onEvent: event => events.push(event) },
    new AbortController().signal,
  );
  return { service, events, env };
}

async function ask(url: string, sql = 'select current_user::text'): Promise<string | null | undefined> {
  const client = connect(url);
  try {
    return (await client.query(sql))[0]?.[0];
  } finally {
    await client.close();
  }
}

describe('the database service', () => {
  it('makes the application database, lets each account in by socket and TCP, and stops twice', async () => {
    const { service, events } = await startService('app', {
      POSTGRES_DB: 'my app',
      POSTGRES_SUPERUSER: 'boss',
    });
    try {
      for (const role of ['db_authenticator', 'hasura', 'db_migrator'] as const) {
        assert.equal(await ask(service.url(role)), role);
        assert.equal(await ask(service.tcpUrl(role)), role);
      }
      assert.equal(
        await ask(service.adminUrl, "select current_database() || ' ' || current_user"),
        'my app boss',
      );
      assert.deepEqual(await service.health(), { ok: true });
      assert.deepEqual(
        events
          .filter(event => event.kind !== 'serverLog' && event.kind !== 'notice')
          .map(event => event.kind),
        ['started', 'bootstrapped'],
      );
    } finally {
      await service.stop();
    }
    await service.stop();
    const health = await service.health();
    assert.equal(health.ok, false);
  });

  it('keeps its data and says on a warm start that nothing had changed', async () => {
    const { service } = await startService('app', { POSTGRES_DB: 'my app', POSTGRES_SUPERUSER: 'boss' });
    try {
      assert.equal(service.bootstrap.outcome, 'unchanged');
    } finally {
      await service.stop();
    }
  });

  it('starts PostgreSQL again when it is killed, on the same port, and tells its health meanwhile', async () => {
    // One that nobody else gets while it is down.
    const { service, events } = await startService('killed', {}, await reservePorts());
    try {
      const before = service.local;
      process.kill(before?.pid ?? 0, 'SIGKILL');
      await until(() => events.some(event => event.kind === 'crashed'));
      await until(async () => (await service.health()).ok);
      assert.equal(service.local?.port, before?.port);
      assert.notEqual(service.local?.pid, before?.pid);
      assert.equal(await ask(service.tcpUrl('hasura')), 'hasura');
      const crash = events.find(event => event.kind === 'crashed');
      assert.match(crash?.kind === 'crashed' ? crash.reason : '', /signal SIGKILL/);
    } finally {
      await service.stop();
    }
  });

  it('does not bring back what is being removed: without its folder for the socket it stays down', async () => {
    const { service, events } = await startService('removed', {}, await reservePorts());
    const run = path.join(folder, 'removed', 'run');
    try {
      rmSync(run, { recursive: true });
      process.kill(service.local?.pid ?? 0, 'SIGKILL');
      await until(() => events.some(event => event.kind === 'restartFailed'));
      const health = await service.health();
      assert.match(health.ok ? '' : health.reason, /no longer in/);
      assert.equal(existsSync(run), false);
    } finally {
      await service.stop();
    }
  });

  it('adopts the server that this process runs there already, and waits for one that it is stopping', async () => {
    const { service, events } = await startService('adopted');
    const pid = service.local?.pid;
    const again = await startService('adopted');
    try {
      assert.equal(again.service.local?.pid, pid);
      const stopping = service.stop();
      const third = await startService('adopted');
      await stopping;
      try {
        assert.notEqual(third.service.local?.pid, pid);
        assert.equal(await ask(third.service.tcpUrl('hasura')), 'hasura');
      } finally {
        await third.service.stop();
      }
    } finally {
      await again.service.stop();
    }
    assert.ok(!events.some(event => event.kind === 'restartFailed'));
  });

  /** A process that owns a server in the folder of that name, and that server's process id. */
  async function startOwner(name: string) {
    const dataDir = path.join(folder, name, 'postgres');
    const program = `
      import { startServer } from '${path.resolve(import.meta.dirname, '../src/index.ts')}';
      const server = await startServer({ dataDir: ${JSON.stringify(dataDir)}, binaries: 'embedded', superuser: 'postgres',
        database: 'postgres', port: { port: 0, fixed: false } }, new AbortController().signal);
      console.log('up', server.postmaster.pid);
      setInterval(() => {}, 1000);`;
    const owner = spawnNode(['--input-type=module-typescript', '-e', program]);
    const postmaster = Number((await owner.line('up ')).split(' ')[1]);
    const kill = () => {
      owner.child.kill('SIGKILL');
      return owner.finished;
    };
    return { postmaster, kill };
  }

  it('takes over from a process that was killed, and leaves a living one alone', async () => {
    const owner = await startOwner('owned');
    await assert.rejects(startService('owned'), { code: 'IN_USE', message: /already running/ });
    await owner.kill();
    assert.equal(isAlive(owner.postmaster), true);
    const { service, events } = await startService('owned');
    try {
      assert.equal(isAlive(owner.postmaster), false);
      const notices = events.flatMap(event => (event.kind === 'notice' ? [event.text] : []));
      assert.match(notices.join('\n'), new RegExp(`process ${owner.postmaster}\\b`));
      assert.equal(await ask(service.url('hasura')), 'hasura');
    } finally {
      await service.stop();
    }
  });

  it('starts although the server it takes over is killed meanwhile and leaves its lock file', async () => {
    const owner = await startOwner('dying');
    await owner.kill();
    // Stopped, it does not answer the request to shut down, and is killed while that is waited for.
    process.kill(owner.postmaster, 'SIGSTOP');
    const starting = startService('dying');
    await sleep(300);
    process.kill(owner.postmaster, 'SIGKILL');
    const { service } = await starting;
    try {
      assert.equal(await ask(service.url('hasura')), 'hasura');
    } finally {
      await service.stop();
    }
  });

  it('releases everything when its start is aborted', async () => {
    const env = ensureSecrets(path.join(folder, 'aborted.env'), { variables }).values;
    const config = databaseService.config({
      ...env,
      DATABASE_ENGINE: 'embedded',
      DATABASE_DIR: path.join(folder, 'aborted', 'postgres'),
    });
    const abort = new AbortController();
    let pid = 0;
    const onEvent = (event: DatabaseEvent) => {
      if (event.kind !== 'started') return;
      ({ pid } = event);
      abort.abort();
    };
    await assert.rejects(
      databaseService.start({ ...config, port: { port: 0, fixed: false } }, { onEvent }, abort.signal),
      { name: 'AbortError' },
    );
    assert.equal(isAlive(pid), false);
  });

  it('says in one sentence how it ended when a start fails', async () => {
    await assert.rejects(
      startService('external', { DATABASE_ENGINE: 'postgres://u:hunter2@127.0.0.1:1/app' }),
      (error: Error) => {
        assert.match(error.message, /cannot be reached/);
        assert.doesNotMatch(error.message, /hunter2/);
        return true;
      },
    );
  });

  it('never logs a password', async () => {
    const { service, events, env } = await startService('quiet');
    try {
      await rotateSecrets(env, { variables, names: 'all', adminUrl: service.adminUrl });
    } finally {
      await service.stop();
    }
    const log = JSON.stringify(events);
    for (const value of Object.values(ensureSecrets(env, { variables }).values).filter(
      text => text.length >= 24,
    ))
      assert.ok(!log.includes(value));
  });
});

describe('an event trigger of the superuser that fails', () => {
  it('keeps nobody who starts the stack out, not even one on login', async () => {
    const first = await startService('triggered');
    await ask(
      first.service.adminUrl,
      "create function public.fails() returns event_trigger language plpgsql as $$ begin raise exception 'no'; end $$",
    );
    for (const event of ['login', 'ddl_command_start', 'ddl_command_end'])
      await ask(
        first.service.adminUrl,
        `create event trigger fails_${event} on ${event} execute function public.fails()`,
      );
    await first.service.stop();
    const { service } = await startService('triggered', { DATABASE_STATEMENT_TIMEOUT: '9s' });
    try {
      assert.equal(service.bootstrap.outcome, 'applied');
      assert.deepEqual(await service.health(), { ok: true });
      await assert.rejects(ask(service.url('db_migrator')), /no/);
    } finally {
      await service.stop();
    }
  });
});

/** Each holds everything that separates something in a URL. */
const HOSTILE = {
  POSTGRES_SUPERPASS: 'p/@:%#?&=+ 1',
  DB_AUTHENTICATOR_PASSWORD: 'a/@:%#?%2F',
  HASURA_DB_PASSWORD: 'h\'"\\/@:%#?',
  DB_MIGRATOR_PASSWORD: 'ü/@:%#?',
};

describe('passwords that are changed where the stack is configured', () => {
  it("are the database's at the next start, the administrator's as well, whatever they hold", async () => {
    const first = await startService('changed');
    const { POSTGRES_SUPERPASS: before = '' } = ensureSecrets(first.env, { variables }).values;
    await first.service.stop();
    const { service } = await startService('changed', HOSTILE);
    try {
      assert.deepEqual([...service.bootstrap.passwordsSet].sort(), [
        'db_authenticator',
        'db_migrator',
        'hasura',
        'postgres',
      ]);
      for (const role of ['db_authenticator', 'hasura', 'db_migrator'] as const) {
        assert.equal(await ask(service.url(role)), role);
        assert.equal(await ask(service.tcpUrl(role)), role);
      }
      const administrator = (password: string) =>
        ask(withLogin(service.tcpUrl('hasura'), 'postgres', password));
      await assert.rejects(administrator(before), /password authentication failed/);
      assert.equal(await administrator(HOSTILE.POSTGRES_SUPERPASS), 'postgres');
    } finally {
      await service.stop();
    }
  });

  it('are taken for a server of somebody else, as its URL has them', async () => {
    const { service } = await startService('theirs', HOSTILE);
    try {
      const { port } = service.local ?? { port: 0 };
      // As it is pasted; only a percent sign has to be written as one.
      const pasted = `postgres://postgres:${HOSTILE.POSTGRES_SUPERPASS.replace('%', '%25')}@127.0.0.1:${port}/postgres`;
      const external = await startService('theirs', { ...HOSTILE, DATABASE_ENGINE: pasted });
      assert.equal(external.service.bootstrap.outcome, 'unchanged');
      for (const role of ['db_authenticator', 'hasura', 'db_migrator'] as const)
        assert.equal(await ask(external.service.url(role)), role);
      await external.service.stop();
    } finally {
      await service.stop();
    }
  });

  it('make a rotation that no longer gets in change nothing, and say what to do', async () => {
    const { service, env } = await startService('outdated');
    try {
      const text = readFileSync(env, 'utf8');
      const adminUrl = withLogin(service.tcpUrl('hasura'), 'postgres', 'of yesterday');
      await assert.rejects(
        rotateSecrets(env, { variables, names: ['HASURA_DB_PASSWORD'], adminUrl }),
        (error: DatabaseError) =>
          error.code === 'ROTATION_FAILED' && /Nothing has changed.*restart/.test(error.hint),
      );
      ensureSecrets(env, { variables });
      assert.equal(readFileSync(env, 'utf8'), text);
    } finally {
      await service.stop();
    }
  });
});

describe('a rotation on a running database', () => {
  it('changes file and roles together', async () => {
    const { service, env } = await startService('rotated');
    try {
      const before = service.tcpUrl('hasura');
      const { roles } = await rotateSecrets(env, { variables, names: 'all', adminUrl: service.adminUrl });
      assert.deepEqual([...roles].sort(), ['db_authenticator', 'db_migrator', 'hasura', 'postgres']);
      await assert.rejects(ask(before), /password authentication failed/);
      const now = new URL(before);
      now.password = ensureSecrets(env, { variables }).values.HASURA_DB_PASSWORD ?? '';
      assert.equal(await ask(now.href), 'hasura');
      const old = service.bootstrap;
      assert.equal(old.outcome, 'applied');
    } finally {
      await service.stop();
    }
    const again = await startService('rotated');
    try {
      assert.deepEqual(again.service.bootstrap.passwordsSet, []);
    } finally {
      await again.service.stop();
    }
  });

  it('that the database refuses changes nothing', async () => {
    const { service, env } = await startService('refused');
    try {
      const text = readFileSync(env, 'utf8');
      await assert.rejects(
        rotateSecrets(env, {
          variables,
          names: ['HASURA_DB_PASSWORD'],
          adminUrl: service.tcpUrl('db_authenticator'),
        }),
        { code: 'ROTATION_FAILED' },
      );
      assert.equal(readFileSync(env, 'utf8'), text);
      ensureSecrets(env, { variables });
      assert.equal(readFileSync(env, 'utf8'), text);
    } finally {
      await service.stop();
    }
  });

  it('that breaks off is finished by the next start, in the file and in the database', async () => {
    const { service, env } = await startService('broken');
    const before = ensureSecrets(env, { variables }).values.HASURA_DB_PASSWORD;
    const url = service.adminUrl;
    await service.stop();
    await assert.rejects(rotateSecrets(env, { variables, names: ['HASURA_DB_PASSWORD'], adminUrl: url }), {
      code: 'ROTATION_FAILED',
    });
    const again = await startService('broken');
    try {
      assert.notEqual(ensureSecrets(env, { variables }).values.HASURA_DB_PASSWORD, before);
      assert.deepEqual(again.service.bootstrap.passwordsSet, ['hasura']);
      assert.equal(await ask(again.service.url('hasura')), 'hasura');
    } finally {
      await again.service.stop();
    }
  });
});
