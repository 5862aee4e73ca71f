import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { connect, type SqlClient, startTestServer, type TestServer, until } from '@peakstone/testing';
import {
  ConnectionError,
  type CopyBoth,
  connectReplication,
  PgError,
  withLogin,
} from '../../src/pg/index.ts';

describe('a session of the replication protocol', () => {
  let server: TestServer;
  let sql: SqlClient;
  let url: string;
  before(async () => {
    server = await startTestServer({ durable: false });
    sql = connect(server.url);
    await sql.script(
      `create role replica login replication password 'x'; create role nobody login password 'x'`,
    );
    url = withLogin(server.url, 'replica', 'x');
  });
  after(async () => {
    await sql.close();
    await server.stop();
  });
  const open = () => connectReplication({ url, name: 'test' });
  const walEnd = async () => (await sql.query('select pg_current_wal_flush_lsn()'))[0]![0]!;

  it('answers commands, and goes on after one that is refused', async () => {
    const client = await open();
    const [identified] = await client.command('IDENTIFY_SYSTEM');
    assert.equal(identified!.rows[0]![1]!.toString(), '1');
    await assert.rejects(client.command('READ_REPLICATION_SLOT'), (error: PgError) => error.code === '42601');
    assert.equal((await client.command('SHOW wal_level'))[0]!.rows[0]!.toString(), 'logical');
    client.close();
  });

  it('is refused to a role that may not replicate', async () => {
    await assert.rejects(
      connectReplication({ url: withLogin(server.url, 'nobody', 'x'), name: 'test' }),
      (error: ConnectionError) => (error.cause as PgError).code === '42501',
    );
  });

  it('copies both ways: data comes in order while answers go out, until either side ends it', async () => {
    const client = await open();
    const start = await walEnd();
    let copy: CopyBoth | undefined;
    let text = '';
    let at = 0n;
    const done = client.copyBoth(`START_REPLICATION PHYSICAL ${start} TIMELINE 1`, {
      onStart: started => {
        copy = started;
      },
      onData: message => {
        if (message[0] !== 0x77) return;
        const from = message.readBigUInt64BE(1);
        if (at !== 0n) assert.equal(from, at);
        at = from + BigInt(message.length - 25);
        text += message.toString('latin1', 25);
      },
    });
    await until(() => copy !== undefined);
    await sql.query(`select pg_logical_emit_message(true, 'p', 'seen-in-the-stream')`);
    await until(() => text.includes('seen-in-the-stream'));
    // A status: the server shows how far we say that we are.
    const status = Buffer.alloc(34);
    status[0] = 0x72;
    for (const place of [1, 9, 17]) status.writeBigUInt64BE(at, place);
    copy!.send(status);
    await until(async () => {
      const [row] = await sql.query(
        `select flush_lsn >= $1::pg_lsn from pg_stat_replication where application_name = 'test'`,
        [`${(at >> 32n).toString(16)}/${(at & 0xffffffffn).toString(16)}`],
      );
      return row?.[0] === 't';
    });
    copy!.end();
    copy!.end();
    copy!.send(status);
    await done;
    // The session serves on.
    assert.equal((await client.command('SHOW wal_level')).length, 1);
    client.close();
  });

  it('reads nothing more while the watcher takes its time', async () => {
    const client = await open();
    const start = await walEnd();
    let hold: PromiseWithResolvers<void> | undefined;
    let running = 0;
    let seen = 0;
    let copy: CopyBoth | undefined;
    const done = client.copyBoth(`START_REPLICATION PHYSICAL ${start} TIMELINE 1`, {
      onStart: started => {
        copy = started;
      },
      async onData() {
        assert.equal(++running, 1);
        seen++;
        hold ??= Promise.withResolvers();
        await hold.promise;
        running--;
      },
    });
    await until(() => copy !== undefined);
    await sql.query(
      `select count(pg_logical_emit_message(true, 'p', repeat('x', 100000))) from generate_series(1, 50)`,
    );
    await until(() => seen === 1);
    hold!.resolve();
    await until(() => seen > 10);
    copy!.end();
    await done;
    client.close();
  });

  it('fails by what its watcher throws, and the connection with it', async () => {
    const client = await open();
    const start = await walEnd();
    const done = client.copyBoth(`START_REPLICATION PHYSICAL ${start} TIMELINE 1`, {
      onStart: () => {
        throw new RangeError('not wanted');
      },
      onData: () => undefined,
    });
    await assert.rejects(done, RangeError);
    await until(() => client.isClosed);
    await assert.rejects(client.command('IDENTIFY_SYSTEM'), ConnectionError);
  });

  it('tells what the server refuses before the copy, and goes on', async () => {
    const client = await open();
    const nothing = { onData: () => undefined };
    await assert.rejects(
      client.copyBoth('START_REPLICATION PHYSICAL FF/0 TIMELINE 1', nothing),
      (error: PgError) => error instanceof PgError,
    );
    assert.equal((await client.command('SHOW wal_level')).length, 1);
    client.close();
  });

  it('hands the rows of a base backup over in their places: results before and behind the copy, and the copy itself', async () => {
    const client = await open();
    const kinds: string[] = [];
    let results = 0;
    await client.command(`BASE_BACKUP (LABEL 'x', CHECKPOINT 'fast', WAIT false, MANIFEST 'yes')`, {
      onRows: (rows, fields) => {
        for (const row of rows) {
          if (fields.length > 0) kinds.push(fields[0]!.name);
          else kinds.push(String.fromCharCode(row[0]![0]!));
        }
      },
      onResult: () => results++,
    });
    assert.deepEqual(kinds.slice(0, 3), ['recptr', 'spcoid', 'n']);
    assert.equal(kinds.at(-1), 'recptr');
    assert.equal(kinds.filter(kind => kind === 'recptr').length, 2);
    assert.ok(kinds.includes('m') && results >= 3);
    client.close();
  });
});
