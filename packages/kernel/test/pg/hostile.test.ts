import assert from 'node:assert/strict';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, it } from 'node:test';
import { ConnectionError, createPool, PgError } from '../../src/pg/index.ts';

const message = (type: string, ...parts: readonly (string | readonly number[])[]): Buffer => {
  const body = Buffer.concat(parts.map(part => Buffer.from(part as string)));
  const header = Buffer.alloc(5);
  header.write(type);
  header.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([header, body]);
};
const hello = Buffer.concat([
  message('R', [0, 0, 0, 0]),
  message('K', [0, 0, 0, 1, 0, 0, 0, 2]),
  message('Z', 'I'),
]);
const row = message('D', [0, 1, 0, 0, 0, 1], 'x');
const done = message('C', 'SELECT 1\0');
const ready = message('Z', 'I');
const parsed = Buffer.concat([message('1'), message('t', [0, 0]), message('n'), message('2')]);

describe('a hostile or broken server', () => {
  let server: Server | null = null;
  const sockets = new Set<Socket>();
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
    await new Promise(resolve => server?.close(resolve));
  });

  /** A server that greets with `greeting` and answers whatever comes next with `answer`. */
  async function serve(greeting: Buffer, answer: Buffer | null, connectSeconds = 60): Promise<string> {
    server = createServer(socket => {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.once('data', () => {
        socket.write(greeting);
        socket.on('data', () => (answer ? void socket.write(answer) : socket.destroy()));
      });
    });
    await new Promise<void>(resolve => server!.listen(0, '127.0.0.1', resolve));
    const address = server.address() as { port: number };
    return `postgres://u:p@127.0.0.1:${address.port}/d?sslmode=disable&connect_timeout=${connectSeconds}`;
  }

  async function query(url: string): Promise<unknown> {
    const pool = createPool({ url, size: 1 });
    try {
      return await pool.exchange({
        statements: [{ text: 'select 1', values: [] }],
        signal: AbortSignal.timeout(60_000),
      });
    } finally {
      await pool.close(0);
    }
  }

  it('is understood when it behaves (so that the cases below fail for their own reason)', async () => {
    await query(await serve(hello, Buffer.concat([parsed, row, done, ready])));
  });

  const greetings: Readonly<Record<string, Buffer>> = {
    'speaks HTTP': Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'),
    'announces 1 GB': Buffer.from([0x52, 0x3f, 0xff, 0xff, 0xff, 0]),
    'asks for an unknown authentication': message('R', [0, 0, 0, 99]),
    'sends an authentication of no length': message('R'),
    'sends a row before the login': row,
    'goes on with SASL that was not begun': message('R', [0, 0, 0, 11], 'r=x,s=y,i=1'),
    'offers no known mechanism': message('R', [0, 0, 0, 10], 'GSSAPI\0\0'),
    'offers a mechanism without an end': message('R', [0, 0, 0, 10], 'SCRAM'),
    'challenges with nonsense': Buffer.concat([
      message('R', [0, 0, 0, 10], 'SCRAM-SHA-256\0\0'),
      message('R', [0, 0, 0, 11], 'nonsense'),
    ]),
    'skips its proof': Buffer.concat([
      message('R', [0, 0, 0, 10], 'SCRAM-SHA-256\0\0'),
      message('R', [0, 0, 0, 0]),
    ]),
    'floods parameters': Buffer.concat(Array.from({ length: 5000 }, (_, i) => message('S', `p${i}\0v\0`))),
    'says nothing': Buffer.alloc(0),
  };
  for (const [name, greeting] of Object.entries(greetings)) {
    it(`that ${name} while greeting is a ConnectionError`, async () => {
      await assert.rejects(query(await serve(greeting, Buffer.alloc(0), 1)), ConnectionError);
    });
  }

  const answers: Readonly<Record<string, Buffer | null>> = {
    'hangs up': null,
    'lies about a cell': Buffer.concat([parsed, message('D', [0, 1, 0, 0, 9, 9], 'x'), done, ready]),
    'lies about a count': Buffer.concat([parsed, message('D', [0xff, 0xff]), done, ready]),
    'describes fields it does not send': Buffer.concat([message('1'), message('T', [0xff, 0xff]), ready]),
    'skips the result': Buffer.concat([parsed, ready]),
    'is ready twice': Buffer.concat([parsed, row, ready, ready]),
    'asks for a password again': message('R', [0, 0, 0, 3]),
    'starts replication': message('W', [0, 0, 0]),
    'sends an unknown type': message('~', 'x'),
    'never leaves the transaction': message('Z', 'T'),
    'sends garbage': Buffer.from(Array.from({ length: 500 }, (_, i) => (i * 151 + 7) % 256)),
  };
  for (const [name, answer] of Object.entries(answers)) {
    it(`that ${name} in an answer is a ConnectionError`, async () => {
      await assert.rejects(query(await serve(hello, answer)), (error: unknown) => {
        assert.ok(
          error instanceof ConnectionError || (error instanceof PgError && error.code === '25001'),
          String(error),
        );
        return true;
      });
    });
  }

  it('is not believed when it sends plaintext behind its consent to TLS', async () => {
    const url = await serve(Buffer.from(`S${hello.toString('latin1')}`, 'latin1'), null);
    await assert.rejects(query(url.replace('sslmode=disable', 'sslmode=require')), /unencrypted bytes/);
  });
});
