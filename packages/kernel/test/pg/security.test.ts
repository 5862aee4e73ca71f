import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startTestServer, type TestServer } from '@peakstone/testing';
import { ConnectionError, createPool, PgError } from '../../src/pg/index.ts';

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

describe('logging in', () => {
  let server: TestServer;
  let folder: string;
  const base = (): string => `host=127.0.0.1 port=${server.port} dbname=postgres`;

  /** What the server itself says about the connection. */
  async function ask(url: string): Promise<{ user: string; tls: string }> {
    const pool = createPool({ url, size: 1 });
    try {
      const { rows } = await pool.query(
        'select current_user, coalesce((select version from pg_stat_ssl where pid = pg_backend_pid() and ssl), $1)',
        ['none'],
      );
      return { user: String(rows[0]![0]), tls: String(rows[0]![1]) };
    } finally {
      await pool.close();
    }
  }

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'peakstone-tls-'));
    server = await startTestServer({ durable: false });
    const admin = createPool({ url: server.url, size: 1 });
    await admin.script(`
      create role scram_user login password 'pässword \u00a0 ☃'; create role plain_user login password 'p:w d';
      create role reject_tls login password 'x'; create role only_tls login password 'x';
    `);
    await admin.script(`set password_encryption = 'md5'; create role md5_user login password 'md5 pass'`);
    const rules = [
      'host all plain_user 127.0.0.1/32 password',
      'host all md5_user 127.0.0.1/32 md5',
      'hostssl all reject_tls 127.0.0.1/32 reject',
      'hostnossl all only_tls 127.0.0.1/32 reject',
    ];
    // Read before the server's own rules.
    const hba = join(server.dataDir, 'peakstone_hba.conf');
    writeFileSync(hba, `${rules.join('\n')}\n${readFileSync(hba, 'utf8')}`);
    if (hasOpenssl) {
      const owner = statSync(server.dataDir);
      const [key, cert] = [join(server.dataDir, 'test.key'), join(server.dataDir, 'test.crt')];
      const made = spawnSync('openssl', [
        ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', key, '-out', cert],
        ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'],
      ]);
      assert.equal(made.status, 0, String(made.stderr));
      chmodSync(key, 0o600);
      for (const file of [key, cert]) chownSync(file, owner.uid, owner.gid);
      writeFileSync(join(folder, 'root.crt'), readFileSync(cert));
      await admin.query(`alter system set ssl_cert_file = 'test.crt'`);
      await admin.query(`alter system set ssl_key_file = 'test.key'`);
      await admin.query('alter system set ssl = on');
    }
    await admin.query('select pg_reload_conf()');
    await admin.close();
  });
  after(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('proves a password by SCRAM, MD5 or in the clear, as the server asks', async () => {
    assert.equal(
      (await ask(`${base()} user=scram_user password='pässword \u00a0 ☃' sslmode=disable`)).user,
      'scram_user',
    );
    assert.equal((await ask(`${base()} user=md5_user password='md5 pass' sslmode=disable`)).user, 'md5_user');
    assert.equal(
      (await ask(`${base()} user=plain_user password='p:w d' sslmode=disable`)).user,
      'plain_user',
    );
  });

  it('reports a refused password as the reason', async () => {
    for (const user of ['scram_user', 'md5_user', 'plain_user', 'nobody_such']) {
      await assert.rejects(ask(`${base()} user=${user} password=wrong sslmode=disable`), (error: unknown) => {
        assert.ok(error instanceof ConnectionError);
        const inner = (error.cause as Error).cause;
        assert.ok(inner instanceof PgError && inner.code === '28P01', String(inner));
        return !error.message.includes('wrong');
      });
    }
    await assert.rejects(
      ask(`${base()} user=scram_user sslmode=disable passfile=/nonexistent`),
      /asks for a password/,
    );
  });

  it('finds the password in a passfile that nobody else may read', async () => {
    const passfile = join(folder, 'pgpass');
    writeFileSync(passfile, `# comment\nother:*:*:*:no\n127.0.0.1:${server.port}:*:plain_user:p\\:w d\n`);
    chmodSync(passfile, 0o600);
    const url = `${base()} user=plain_user sslmode=disable passfile=${passfile}`;
    assert.equal((await ask(url)).user, 'plain_user');
    chmodSync(passfile, 0o644);
    await assert.rejects(ask(url), /asks for a password/);
  });

  describe('over TLS', { skip: hasOpenssl ? false : 'openssl is not installed' }, () => {
    const login = `user=scram_user password='pässword \u00a0 ☃'`;
    const root = (): string => `sslrootcert=${join(folder, 'root.crt')}`;

    it('encrypts by default, and never when told not to', async () => {
      assert.match((await ask(`${base()} ${login}`)).tls, /^TLS/);
      assert.match((await ask(`${base()} ${login} sslmode=require`)).tls, /^TLS/);
      assert.equal((await ask(`${base()} ${login} sslmode=disable`)).tls, 'none');
      assert.equal((await ask(`${base()} ${login} sslmode=allow`)).tls, 'none');
    });

    it('goes to the other kind when the server rejects the first', async () => {
      const pass = 'password=x';
      assert.equal((await ask(`${base()} user=reject_tls ${pass} sslmode=prefer`)).tls, 'none');
      await assert.rejects(ask(`${base()} user=reject_tls ${pass} sslmode=require`), ConnectionError);
      assert.match((await ask(`${base()} user=only_tls ${pass} sslmode=allow`)).tls, /^TLS/);
      await assert.rejects(ask(`${base()} user=only_tls ${pass} sslmode=disable`), ConnectionError);
    });

    it('checks the authority, and the name only for verify-full', async () => {
      const named = `host=localhost port=${server.port} dbname=postgres`;
      assert.match((await ask(`${base()} ${login} sslmode=verify-ca ${root()}`)).tls, /^TLS/);
      assert.match((await ask(`${named} ${login} sslmode=verify-full ${root()}`)).tls, /^TLS/);
      await assert.rejects(ask(`${base()} ${login} sslmode=verify-full ${root()}`), /TLS.*failed/);
      await assert.rejects(ask(`${base()} ${login} sslmode=verify-ca`), /self-signed/);
      await assert.rejects(ask(`${base()} ${login} sslmode=require sslrootcert=/nonexistent`), /ENOENT/);
    });

    it('binds the channel, and insists on it when told to', async () => {
      assert.equal(
        (await ask(`${base()} ${login} channel_binding=require sslmode=require`)).user,
        'scram_user',
      );
      assert.equal((await ask(`${base()} ${login} channel_binding=disable`)).user, 'scram_user');
      await assert.rejects(
        ask(`${base()} ${login} channel_binding=require sslmode=disable`),
        ConnectionError,
      );
      await assert.rejects(
        ask(`${base()} user=plain_user password='p:w d' channel_binding=require sslmode=require`),
        ConnectionError,
      );
    });

    it('pipelines, streams and cancels as in the clear', async () => {
      const pool = createPool({ url: `${base()} ${login} sslmode=require`, size: 2 });
      try {
        const values = await Promise.all(
          Array.from({ length: 200 }, (_, i) =>
            pool.exchange({
              lane: 'shared',
              statements: [{ text: 'select $1 || repeat($2, 1000)', values: [String(i), 'x'] }],
            }),
          ),
        );
        for (const [i, [result]] of values.entries()) {
          assert.equal(String(result!.rows[0]![0]), String(i) + 'x'.repeat(1000));
        }
        await assert.rejects(
          pool.exchange({
            statements: [{ text: 'select pg_sleep(20)', values: [] }],
            signal: AbortSignal.timeout(50),
          }),
          { name: 'TimeoutError' },
        );
        let bytes = 0;
        const big = [{ text: 'select repeat($1, 1000000) from generate_series(1, 20)', values: ['y'] }];
        for await (const [cell] of pool.stream({ statements: big })) bytes += cell!.length;
        assert.equal(bytes, 20_000_000);
      } finally {
        await pool.close();
      }
    });
  });

  it('refuses a host that is not in the wanted state, and takes the next', async () => {
    const login = `user=plain_user password='p:w d' sslmode=disable dbname=postgres`;
    const hosts = `host=127.0.0.1,127.0.0.1 port=1,${server.port}`;
    assert.equal((await ask(`${hosts} ${login} target_session_attrs=read-write`)).user, 'plain_user');
    assert.equal((await ask(`${hosts} ${login} target_session_attrs=prefer-standby`)).user, 'plain_user');
    await assert.rejects(ask(`${hosts} ${login} target_session_attrs=standby`), /is not standby/);
    await assert.rejects(ask(`${hosts} ${login} target_session_attrs=read-only`), /is not read-only/);
  });
});
