import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { holdLock, startTestServer, type TestServer, until, WAIT_FOR_LOCK } from '@peakstone/testing';
import { insertAmongAbortedReads } from '../../bench/parts/abortedReads.ts';
import { createPool, type Exchange } from '../../src/pg/index.ts';

const cancelRequestCode = 80_877_102;

/** Passes everything on to the server at once, cancel requests when `pass` settles. */
async function startSlowCanceller(
  port: number,
  pass: Promise<void>,
): Promise<{ server: Server; port: number; cancels: () => number }> {
  let cancels = 0;
  const server = createServer(client => {
    const upstream = connect(port, '127.0.0.1');
    const drop = (): void => {
      client.destroy();
      upstream.destroy();
    };
    client.on('error', drop).on('close', drop);
    upstream.on('error', drop).on('close', drop);
    client.once('data', (first: Buffer) => {
      const isCancel = first.length === 16 && first.readInt32BE(4) === cancelRequestCode;
      if (isCancel) cancels++;
      client.pause();
      void (isCancel ? pass : Promise.resolve()).then(() => {
        upstream.write(first);
        client.pipe(upstream).pipe(client);
      });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port, cancels: () => cancels };
}

describe('a cancel request', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer({ durable: false });
    const admin = createPool({ url: server.url, size: 1 });
    await admin.script(`create table note (id int); create role caller login superuser password 'calls'`);
    await admin.close();
  });
  after(() => server.stop());

  it('that is slow on its way strikes nothing that came after what it was meant for', async () => {
    const pass = Promise.withResolvers<void>();
    const proxy = await startSlowCanceller(server.port, pass.promise);
    const url = `host=127.0.0.1 port=${proxy.port} user=caller password=calls dbname=postgres sslmode=disable`;
    const pool = createPool({ url, size: 1, acquireTimeoutMs: 120_000 });
    const admin = createPool({ url: server.url, size: 1 });
    const lock = await holdLock({ superuserUrl: server.url });
    try {
      await pool.query('select 1');
      const aborter = new AbortController();
      const read = pool.exchange({
        statements: [{ text: 'select pg_sleep(0.05)', values: [] }],
        signal: aborter.signal,
      });
      aborter.abort();
      await assert.rejects(read);
      const idle = `select count(*)::text from pg_stat_activity where usename = 'caller' and state = 'idle' and query like '%pg_sleep%'`;
      await until(async () => String((await admin.query(idle)).rows[0]![0]) === '1');
      // They would wait for the lock, and be there to be struck.
      const statements = [{ text: WAIT_FOR_LOCK, values: [] }];
      const inserts = (['write', 'write', 'own'] satisfies Exchange['lane'][]).map(lane =>
        pool.exchange({ lane, statements }),
      );
      await sleep(300);
      assert.equal(proxy.cancels(), 1);
      pass.resolve();
      await sleep(100);
      await lock.release();
      await Promise.all(inserts);
    } finally {
      await lock.release();
      await Promise.all([pool.close(), admin.close()]);
      proxy.server.close();
    }
  });

  it('strikes none of many inserts beside reads that are aborted as they end', async () => {
    const pool = createPool({ url: server.url, size: 6, sharedSize: 1, acquireTimeoutMs: 120_000 });
    try {
      const { aborted, struck } = await insertAmongAbortedReads(pool, 4000);
      assert.ok(aborted > 0);
      assert.equal(struck, 0);
    } finally {
      await pool.close();
    }
  });
});
