import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { connect, startTestServer } from '@peakstone/testing';
import { dumpDatabase, importDatabase } from '@peakstone/transfer';
import { told, withDatabase } from './support.ts';

describe('a live database', () => {
  const folder = mkdtempSync(join(tmpdir(), 'peakstone-live-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('that goes on coming in after it was ended tells what was never dumped', async () => {
    const server = await startTestServer({ durable: false });
    try {
      const source = connect(server.url);
      await source.script(
        'create operator family public.strange using btree; create table public.kept (id int); insert into public.kept values (1)',
      );
      await source.close();
      await withDatabase(async database => {
        const options = {
          origin: 'postgres',
          url: server.url,
          folder,
          adminUrl: database.superuserUrl,
          ownerUrl: database.roleUrl('db_migrator'),
        } as const;
        const ending = new AbortController();
        await assert.rejects(
          importDatabase({
            ...options,
            signal: ending.signal,
            onProgress: ({ text }) => {
              if (text === 'rows of public.kept') ending.abort();
            },
          }),
          /Interrupted/,
        );
        const report = await importDatabase(options);
        assert.deepEqual(report.rows, { 'public.kept': 1 });
        assert.deepEqual(told(report, 'aside', 'dump'), ['operator family public.strange']);
        assert.deepEqual(readdirSync(folder), []);
      });
    } finally {
      await server.stop();
    }
  });

  it('is refused in a line where what answers gives no rows', async () => {
    const message = (type: string, body: Buffer): Buffer => {
      const head = Buffer.alloc(5, type);
      head.writeInt32BE(body.length + 4, 1);
      return Buffer.concat([head, body]);
    };
    const ready = message('Z', Buffer.from('I'));
    const server = createServer(socket => {
      let isGreeted = false;
      socket.on('error', () => undefined);
      socket.on('data', data => {
        // It is asked for TLS first, perhaps.
        if (!isGreeted && data.readInt32BE(4) === 80_877_103) return void socket.write('N');
        if (!isGreeted) {
          isGreeted = true;
          socket.write(Buffer.concat([message('R', Buffer.alloc(4)), ready]));
        } else if (data[0] === 'Q'.charCodeAt(0))
          socket.write(Buffer.concat([message('C', Buffer.from('SELECT 0\0')), ready]));
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const { port } = server.address() as AddressInfo;
      await assert.rejects(
        dumpDatabase({
          url: `postgres://a@127.0.0.1:${port}/a?sslmode=disable`,
          write: async () => undefined,
        }),
        { name: 'TransferError', message: /answers queries without their rows/ },
      );
    } finally {
      server.close();
    }
  });
});
